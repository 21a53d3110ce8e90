"""The command line of the simulator."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from simulator import VERSION
from simulator.days import Span
from simulator.faults.catalogue import FAULTS, PROFILES
from simulator.machines.drops import DropWriter
from simulator.machines.plan import Plan, PlanError
from simulator.machines.recorded import EventFileError

_PROGRESS_EVERY_SECONDS = 2.0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day (yyyy-mm-dd)") from None


def _days(text: str) -> Span:
    first, separator, last = text.partition("..")
    try:
        return Span(_day(first), _day(last if separator else first))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _faults(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator",
        description=(
            "Makes the five sources of the predictive-maintenance scenario as drops: "
            "<out>/<source>/<day or first_last>.csv[.gz]."
        ),
        epilog="faults: " + "; ".join(f"{name}: {fault.what}" for name, fault in FAULTS.items()),
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for the drops and summary.json")
    add("--machines", type=int, help="number of machines (default 100; with --events: the first so many, default all)")
    add(
        "--seed", type=int, default=1, help="equal seeds give equal data, machine by machine and day by day (default 1)"
    )
    add(
        "--start",
        type=_day,
        default=date(2015, 1, 1),
        help="first day; the first reading is at 06:00 (default 2015-01-01)",
    )
    add(
        "--end", type=_day, default=date(2016, 1, 1), help="last day; the last reading is at 06:00 (default 2016-01-01)"
    )
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument(
        "--history-until",
        type=_day,
        metavar="DAY",
        help="one file a source up to this day, then one a day (default: --end)",
    )
    layout.add_argument("--daily", action="store_true", help="no history file: one file a day from --start on")
    layout.add_argument(
        "--days",
        "--only-days",
        type=_days,
        metavar="FROM..TO",
        help="only these days; --start and --seed as for the history",
    )
    add(
        "--events",
        type=Path,
        metavar="DIR",
        help="real machines, errors, failures, maint .csv: simulate telemetry alone",
    )
    packing = parser.add_mutually_exclusive_group()
    packing.add_argument("--gzip", action="store_true", default=True, help="write .csv.gz (default)")
    packing.add_argument("--plain", action="store_false", dest="gzip", help="write .csv")
    add(
        "--profile", choices=list(PROFILES), default="ms-faithful", help="extended = " + ", ".join(PROFILES["extended"])
    )
    add(
        "--faults",
        type=_faults,
        default=(),
        metavar="NAME,…",
        help="more faults than the profile has; file faults hit daily files only",
    )
    add("--fault-every", type=int, default=7, metavar="N", help="a file fault hits one day in N (default 7)")
    add(
        "--start-up-artefacts",
        action="store_true",
        dest="artefacts",
        help="failures 21 h after the first reading, as the original has",
    )
    add("--workers", type=int, default=min(4, os.cpu_count() or 1), help="threads (default: the cores, at most 4)")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--quiet", action="store_true", help="no progress on standard error")
    add("--version", action="version", version=VERSION)
    return parser


class _Reporter:
    """Writes progress of long work to standard error, at most every two seconds."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._last = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._quiet and now - self._last >= _PROGRESS_EVERY_SECONDS:
            self._last = now
            print(f"simulator: {what}: {done} of {total}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; 2 for wrong options, 1 for unreadable event files or an output that cannot be written."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.fault_every < 1 or given.workers < 1:
        parser.error("--fault-every and --workers must be at least 1")
    history_until = None if given.daily or given.days else given.history_until or given.end
    try:
        plan = Plan(
            out=given.out,
            machines=given.machines,
            seed=given.seed,
            start=given.start,
            end=given.end,
            history_until=history_until,
            only_days=given.days,
            events=given.events,
            gzip=given.gzip,
            profile=given.profile,
            faults=given.faults,
            fault_every=given.fault_every,
            artefacts=given.artefacts,
            workers=given.workers,
        )
        summary = DropWriter(plan, _Reporter(given.quiet)).write()
    except PlanError as error:
        parser.error(str(error))
    except (EventFileError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(summary.as_json(), indent=2))
    else:
        rows = ", ".join(f"{source} {count}" for source, count in summary.rows().items())
        print(f"{summary.machines} machines, seed {plan.seed}, {plan.profile}: {rows} rows in {plan.out}")
    return 0
