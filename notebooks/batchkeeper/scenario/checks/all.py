"""All checks of a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchkeeper.scenario.checks import judging, names, windows
from batchkeeper.scenario.checks.fault import Fault
from batchkeeper.scenario.declaration import Scenario

_CHECKS: tuple[Callable[[Scenario], Iterator[Fault]], ...] = (
    names.names,
    names.types,
    names.grid,
    windows.windows,
    windows.events,
    windows.horizons,
    windows.scales,
    judging.baselines,
    judging.slices,
    judging.words,
)


def faults_of(scenario: Scenario) -> list[Fault]:
    """Every fault of a declaration; none when the engine can work with it."""
    return [fault for check in _CHECKS for fault in check(scenario)]
