"""What truly happened after each as-of point, and what a person with the event files alone would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory

COMPONENTS = tuple(component.name for component in recipe.COMPONENTS)
GRID_HOURS = 12
GRID_OFFSET = 6
_OUTSIDE = 0.0005  # the chance of a failure that the eligibility table rules out

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """As-of points: `machines` (ids) by `hours` (since 1970; 06:00 and 18:00 only). Arrays are (machines, hours,
    components).
    """

    machines: NDArray[np.int64]
    hours: NDArray[np.int64]

    @classmethod
    def of(cls, histories: list[MachineHistory], first: int, last: int) -> Points:
        """All grid points with `first` <= T <= `last`."""
        start = first + (GRID_OFFSET - first) % GRID_HOURS
        return cls(np.array([history.machine.id for history in histories]), np.arange(start, last + 1, GRID_HOURS))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Machines, hours, components."""
        return len(self.machines), len(self.hours), len(COMPONENTS)


def _next_after(events: NDArray[np.int64], hours: NDArray[np.int64]) -> Numbers:
    """Hours from each of `hours` to the first event strictly later; infinite without one."""
    padded = np.append(events.astype(np.float64), np.inf)
    found: Numbers = padded[np.searchsorted(events, hours, side="right")] - hours
    return found


def hours_to_failure(histories: list[MachineHistory], points: Points) -> Numbers:
    """Hours to the next failure of each component; one at T itself is the past. The label of horizon H is `<= H`."""
    found = np.empty(points.shape)
    for index, history in enumerate(histories):
        for component in range(len(COMPONENTS)):
            found[index, :, component] = _next_after(
                history.failures.hours[history.failures.codes == component + 1], points.hours
            )
    return found


def rule(histories: list[MachineHistory], points: Points, lookback_hours: int = 24) -> Flags:
    """The rule on error codes: all mapped errors of a component seen in (T - 24 h, T]."""
    found = np.ones(points.shape, dtype=bool)
    for index, history in enumerate(histories):
        for component, facts in enumerate(recipe.COMPONENTS):
            for error in facts.errors:
                hours = history.errors.hours[history.errors.codes == error]
                seen = np.searchsorted(hours, points.hours, side="right") > np.searchsorted(
                    hours, points.hours - lookback_hours, side="right"
                )
                found[index, :, component] &= seen
    return found


def eligibility(histories: list[MachineHistory], points: Points, horizon_hours: int, start: int) -> Numbers:
    """The four-line table: the hazard of a component if a grid visit lies within the horizon and it will be old enough
    then.

    `start` is the hour of the first reading: later maintenance lies on the machine's 15-day grid.
    """
    period = 24 * recipe.VISIT_EVERY_DAYS
    found = np.full(points.shape, _OUTSIDE)
    for index, history in enumerate(histories):
        on_grid = history.maint.hours[history.maint.hours >= start]
        if not len(on_grid):
            continue
        visit = points.hours + period - (points.hours - on_grid[0]) % period  # strictly later than T
        for component, facts in enumerate(recipe.COMPONENTS):
            if not facts.eligible(history.machine.model, history.machine.age):
                continue
            replaced = history.maint.hours[history.maint.codes == component + 1]
            # A component that was never replaced has no known age; it counts as too young.
            last = np.append(visit.max(), replaced)[np.searchsorted(replaced, points.hours, side="right")]
            old = visit - last >= 24 * facts.min_age_days
            found[index, old & (visit - points.hours <= horizon_hours), component] = facts.hazard
    return found
