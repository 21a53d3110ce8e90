"""Faults of windows, events, horizons and scales."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from batchkeeper.scenario.checks.fault import Fault
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.readings import Reading
from batchkeeper.scenario.scaling import NoScaleError, scale_of

_HOUR = timedelta(hours=1)


def windows(scenario: Scenario) -> Iterator[Fault]:
    windows, normal, every = scenario.readings.windows, scenario.readings.normal, scenario.grid.every
    whole: list[tuple[str, int]] = []
    for kind in ("mean", "spread", "deviation"):
        whole += [(f"readings.windows.{kind}[{place}]", hours) for place, hours in enumerate(getattr(windows, kind))]
    whole += [("readings.normal.hours", normal.hours), ("readings.normal.gap_hours", normal.gap_hours)]
    for number, counter in enumerate(scenario.readings.values):
        rise = getattr(counter, "rise", ())
        whole += [(f"readings.values[{number}].rise[{place}]", hours) for place, hours in enumerate(rise)]
    for number, events in enumerate(scenario.events):
        whole += [(f"events[{number}].count[{place}]", hours) for place, hours in enumerate(events.count)]
    for place, hours in whole:
        # A grid without a step is a fault of its own.
        if hours <= 0 or (timedelta(0) < every < hours * _HOUR and hours * _HOUR % every):
            yield place, f"{hours} h must be above 0, and beyond the grid's step of {every} a multiple of it"
        elif not place.startswith(("readings.windows.mean", "readings.windows.deviation")) and hours * _HOUR < every:
            yield place, f"{hours} h is shorter than the grid's step of {every}"
        elif hours >= normal.hours and place != "readings.normal.hours":
            yield place, f"{hours} h must be below readings.normal.hours, {normal.hours}"
    if not windows.mean:
        yield "readings.windows.mean", "lists no window"
    for kind in ("deviation",):
        if strange := sorted(set(getattr(windows, kind)) - set(windows.mean)):
            yield f"readings.windows.{kind}", f"{strange} h are not among readings.windows.mean"
    if scenario.smooth and not windows.deviation:
        yield "readings.windows.deviation", "lists no window, and reasons speak of the first"
    if windows.fresh is not None and windows.fresh not in windows.mean:
        yield "readings.windows.fresh", f"{windows.fresh} h is not among readings.windows.mean"


def events(scenario: Scenario) -> Iterator[Fault]:
    for number, events in enumerate(scenario.events):
        if not events.count:
            yield f"events[{number}].count", "lists no window"
        if events.since > scenario.readings.normal.hours:
            yield f"events[{number}].since", f"{events.since} h is beyond readings.normal.hours, the longest look back"
    visit = scenario.maintenance.visit_every if scenario.maintenance else None
    if visit is not None and (visit <= timedelta(0) or visit % timedelta(seconds=1)):
        yield "maintenance.visit_every", f"{visit} must be whole seconds above 0"


def horizons(scenario: Scenario) -> Iterator[Fault]:
    if not scenario.horizons:
        yield "horizons", "lists none"
        return
    if list(scenario.hours) != sorted(set(scenario.hours)) or scenario.hours[0] <= 0:
        yield "horizons", f"{list(scenario.hours)} h must rise, from above 0"
    for place, horizon in enumerate(scenario.horizons):
        if horizon.missed <= 0 or horizon.needless <= 0:
            yield f"horizons[{place}]", "both costs must be above 0"
    if not scenario.horizons[0].acted_on:
        yield "horizons[0].acted_on", "must be true: the gate judges by the shortest horizon"


def scales(scenario: Scenario) -> Iterator[Fault]:
    for place, value in enumerate(scenario.readings.values):
        if isinstance(value, Reading) and not 0 < value.largest < math.inf:
            yield f"readings.values[{place}].largest", f"{value.largest} must be a finite number above 0"
        elif isinstance(value, Reading) and scenario.readings.step > timedelta(0):
            try:
                scale_of(value, scenario.readings.step)
            except NoScaleError as error:
                yield f"readings.values[{place}].largest", str(error)
