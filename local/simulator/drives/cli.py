"""The command line of the drives."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from simulator.drives.drops import DriveDrops
from simulator.drives.rows import DrivePlan


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator --scenario drive_failures",
        description="Makes the three sources of examples/drive_failures: <out>/drive-failures/<source>/<day>.csv[.gz].",
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for the drops and summary.json")
    add("--drives", type=int, default=3000, help="slots of drives; 85 %% hold one on the first day (default 3000)")
    add("--seed", type=int, default=1, help="equal seeds give equal data, drive by drive (default 1)")
    add("--start", type=date.fromisoformat, default=date(2023, 7, 1), help="first day of readings (default 2023-07-01)")
    add("--end", type=date.fromisoformat, default=date(2024, 12, 1), help="day of the last file (default 2024-12-01)")
    add("--history-until", type=date.fromisoformat, metavar="DAY", help="last day of the history (default: --end)")
    add("--plain", action="store_true", help="write .csv, not .csv.gz")
    add("--hazard", type=float, default=1.0, help="multiplies the rate of failures, for small fleets (default 1)")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--quiet", action="store_true", help="print nothing")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; 2 for wrong options, 1 for an output that cannot be written."""
    parser = _parser()
    given = parser.parse_args(arguments)
    history_until = given.history_until or given.end
    if given.drives < 1 or given.seed < 0 or given.hazard < 0:
        parser.error("--drives must be at least 1, --seed and --hazard not negative")
    if not given.start <= history_until <= given.end or given.start == given.end:
        parser.error(f"{given.start} .. {history_until} .. {given.end}: start, history and end must be in order")
    plan = DrivePlan(
        given.out,
        given.drives,
        given.seed,
        given.start,
        given.end,
        history_until,
        gzip=not given.plain,
        hazard=given.hazard,
    )
    try:
        drops = DriveDrops(plan)
        drops.write()
        summary = drops.summary()
        (given.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(summary, indent=2))
    elif not given.quiet:
        print(", ".join(f"{name} {value}" for name, value in summary.items()))
    return 0
