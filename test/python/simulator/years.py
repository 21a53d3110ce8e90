"""The years that the tests of simulated events look at."""

from __future__ import annotations

from datetime import date

from simulator.days import closing_hour
from simulator.machines.fleet import MachineHistory

START = date(2015, 1, 1)
FIRST, LAST = closing_hour(START), closing_hour(date(2016, 1, 1))


def failures_in(history: MachineHistory) -> int:
    return len(history.failures.hours)
