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
    mistyped = {place for place, _ in found}
    for check in _CHECKS:
        try:
            # One by one: what a check has told before it stops counts.
            for place, what in check(scenario):
                if not any(_is_in(place, outer) for outer in mistyped):
                    found.append((place, what))
        except Exception:
            # A check takes the types for granted, and may stop at one that is told already.
            if not mistyped:
                raise
    return found


def _is_in(place: str, outer: str) -> bool:
    """Whether a place is another one or a part of it, as `rules` is not of `rule`."""
    return place.startswith(outer) and place[len(outer) :][:1] in ("", ".", "[", ",")
