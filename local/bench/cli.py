"""The command line of the bench."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.bars import table
from bench.stages import STAGES, Bench
from workbench.effort import middle
from workbench.session import local_session

FULL_SIZE = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench; 1 when a bar is missed at full size."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures the steps as ratios to unit C, in one run on the same data."
    )
    parser.add_argument(
        "--machines", type=int, default=FULL_SIZE, help=f"default {FULL_SIZE}; the bars are meant for that size"
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulator (default 7)")
    parser.add_argument("--memory", default="4g", help="heap of the driver JVM (default 4g)")
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="stop after this stage (default: all)")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")
    given = parser.parse_args(arguments)
    if given.machines < 1:
        parser.error("--machines must be at least 1")
    # So that the JVM and the folder go when somebody ends this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()

    def tell(what: str) -> None:
        print(f"bench: {time.monotonic() - started:5.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="batchkeeper-bench-") as folder:
        root = Path(folder)
        with local_session(root / "state", given.memory) as session:
            bench = Bench(session, root, tell)
            bench.run(given.machines, given.seed, given.until)
    reference = middle(bench.units)
    load = os.getloadavg()[0]
    if given.json:
        measures = [measure.as_json(reference) for measure in bench.measures]
        size = {
            "machines": given.machines,
            "seed": given.seed,
            "unitSeconds": reference.wall,
            "unitCpuSeconds": reference.cpu,
        }
        print(json.dumps({**size, "measures": measures}, indent=2))
    else:
        print(f"{given.machines} machines, seed {given.seed}, {os.cpu_count()} cores, load {load:.1f}")
        print(table(bench.measures, bench.units, reference))
    missed = [measure for measure in bench.measures if not measure.met(reference)]
    if missed and given.machines != FULL_SIZE:
        print(f"The bars are meant for {FULL_SIZE} machines; fixed costs dominate smaller sizes.", file=sys.stderr)
    return 1 if missed and given.machines == FULL_SIZE else 0
