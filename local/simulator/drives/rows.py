"""Who reads what when: a plan of the drives, and the readings of its days with the file that each lies in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drives import recipe
from simulator.drives.counters import Numbers, Whole, readings_of
from simulator.drives.fleet import Drive, drives_of_slot
from simulator.streams import Purpose, stream


@dataclass(frozen=True)
class DrivePlan:
    """One call. `start` is the first day of the data, whose file is that of the next day; `end` and `history_until` are
    days of files.

    Attributes:
        hazard: multiplies the rate of failures, for small fleets.
    """

    out: Path
    slots: int
    seed: int
    start: date
    end: date
    history_until: date
    gzip: bool = True
    hazard: float = 1.0

    @property
    def days(self) -> int:
        """How many days the data have."""
        return (self.end - self.start).days

    @property
    def history_days(self) -> int:
        """How many of them the history holds."""
        return (self.history_until - self.start).days


@dataclass(frozen=True)
class Rows:
    """The readings of all drives, drive by drive, each in the file of the day `sent`; late ones and repeated ones
    included.
    """

    drive: NDArray[np.int32]
    day: Whole
    sent: Whole
    counters: Whole
    values: Numbers


def drives_of(plan: DrivePlan) -> list[Drive]:
    """All drives that are there on a day of the plan, with failures soon after its end, which show before."""
    beyond = plan.days + recipe.LONGEST_DECLINE_DAYS
    every = (drive for slot in range(plan.slots) for drive in drives_of_slot(plan.seed, slot, beyond, plan.hazard))
    return [drive for drive in every if drive.arrives < plan.days]


def _sent(plan: DrivePlan, pod: int) -> NDArray[np.bool_]:
    """For each day of the pod: whether it is late, and whether it is sent again."""
    draws = stream(plan.seed, pod, Purpose.DELIVERY).random((plan.days, 2))
    hit: NDArray[np.bool_] = draws < (recipe.LATE_SHARE, recipe.REPEATED_SHARE)
    return hit


def rows_of(plan: DrivePlan, drives: list[Drive]) -> Rows:
    """The readings of the plan's days. Nothing is late on the last day, since no file would hold it."""
    pods = {pod: _sent(plan, pod) for pod in {drive.pod for drive in drives}}
    found: list[tuple[NDArray[Any], ...]] = []
    for place, drive in enumerate(drives):
        counters, values = readings_of(plan.seed, drive, plan.days)
        days = drive.arrives + np.arange(len(counters))
        there = stream(plan.seed, drive.id, Purpose.DELIVERY, 1).random(len(days)) >= recipe.LOST_SHARE
        late, again = pods[drive.pod][days].T
        first = there & ~(late & (days == plan.days - 1))
        second = first & again & ~late & (days < plan.days - 1)
        chosen = np.concatenate([np.flatnonzero(first), np.flatnonzero(second)])
        sent = np.concatenate([(days + late)[first], (days + 1)[second]])
        found.append((np.full(len(chosen), place, np.int32), days[chosen], sent, counters[chosen], values[chosen]))
    return Rows(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
