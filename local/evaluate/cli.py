"""The command line of the evaluation."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evaluate.findings import Finding, table
from evaluate.leakage import altered_future, shuffled_labels
from evaluate.study import Study
from workbench.session import local_session

_LEAKAGE_MACHINES = 200
_FULL_SIZE = 1000


def _seeds(text: str) -> list[int]:
    try:
        return [int(seed) for seed in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers such as 1,2,3") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate",
        description=(
            "Trains on a simulated or real fleet and prints the quality of the models beside baselines and bars."
        ),
    )
    add = parser.add_argument
    add("--events", type=Path, metavar="DIR", help="real event files: simulate only the telemetry")
    add("--machines", type=int, help="number of machines (default 1000; with --events all)")
    add("--seeds", type=_seeds, default=[1], metavar="1,2,3", help="one study per seed (default 1)")
    add("--memory", default="4g", help="heap of the driver JVM (default 4g)")
    add("--no-leakage", action="store_true", help="leave the leakage checks out")
    add("--json", action="store_true", help="print the findings as JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the studies; 1 when a bar is missed."""
    given = _parser().parse_args(arguments)
    machines = given.machines if given.machines or given.events else _FULL_SIZE
    # So that the JVM and the folder go when somebody ends this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    findings: dict[str, list[Finding]] = {}

    def tell(what: str) -> None:
        print(f"evaluate: {time.monotonic() - started:5.0f} s  {what}", file=sys.stderr, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="batchkeeper-evaluate-") as folder,
        local_session(Path(folder) / "state", given.memory) as session,
    ):
        for seed in given.seeds:
            study = Study(session, Path(folder) / f"seed-{seed}", machines, seed, given.events, tell)
            findings[f"seed {seed}"] = list(study.run())
            if not given.json:
                print(f"\nseed {seed}{table(findings[f'seed {seed}'])}", flush=True)
                print("\n  reliability of the longest horizon", *study.reliability, sep="\n")
                print("\n  other thresholds", *study.trade_offs, sep="\n", flush=True)
        if not given.no_leakage:
            size = min(machines or _LEAKAGE_MACHINES, _LEAKAGE_MACHINES)
            checks = shuffled_labels(session, Path(folder) / "shuffled", size, given.seeds[0], tell)
            checks += altered_future(session, Path(folder) / "future", given.seeds[0], tell)
            findings["leakage"] = checks
            if not given.json:
                print(table(checks))
    if given.json:
        print(json.dumps({study: [found.as_json() for found in all_] for study, all_ in findings.items()}, indent=2))
    if machines is not None and machines < _FULL_SIZE:
        print(
            f"The bars are meant for {_FULL_SIZE} machines; a smaller fleet has too few failures to learn from.",
            file=sys.stderr,
        )
    return 0 if all(found.met for all_ in findings.values() for found in all_) else 1
