"""All checks of a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchkeeper.scenario.checks import judging, names, windows
from batchkeeper.scenario.checks.fault import Fault
from batchkeeper.scenario.checks.shapes import shapes
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
    found = list(shapes(scenario))
    mistyped = tuple(place for place, _ in found)
    for check in _CHECKS:
        try:
            # One by one: what a check has told before it stops counts.
            for place, what in check(scenario):
                if not place.startswith(mistyped):
                    found.append((place, what))
        except Exception:
            # A check takes the types for granted, and may stop at one that is told already.
            if not mistyped:
                raise
    return found
