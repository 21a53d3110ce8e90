"""The features as SQL over the last step of the feature query: sums over windows, latest events, levels of counters,
facts.
"""

from __future__ import annotations

from collections.abc import Iterator

from batchkeeper.features.grid import HOUR, AsOfGrid
from batchkeeper.features.packed_total import PackedTotal
from batchkeeper.features.past import visit_seconds
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import NEXT_VISIT, VISIT_UNKNOWN, feature_set
from batchkeeper.scenario.readings import Counter, Reading
from batchkeeper.scenario.scaling import scale_of

NORMAL = "normal"
"""Stands for a window: the hours of an entity's own normal."""


def feature_columns(scenario: Scenario) -> list[str]:
    """SQL: every feature in its type, in the order of the feature set."""
    found = dict(_all(scenario))
    return [f"CAST({found[one.name]} AS {one.type}) AS {one.name}" for one in feature_set(scenario).features]


def _all(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for value in scenario.smooth:
        yield from _of_reading(scenario, value)
    for counter in scenario.counters:
        yield from _of_counter(scenario, counter)
    for hours in (*(f"{hours}h" for hours in scenario.readings.windows.mean), NORMAL):
        yield f"readings_{hours}", _number_of_readings(scenario, hours)
    for events in scenario.events:
        for code in events.codes:
            yield from ((f"{code}_count_{hours}h", f"{code}_count_{hours}h") for hours in events.count)
            since = _since(code)
            yield f"{code}_hours_since", f"CASE WHEN {since} < {events.since} THEN {since} END"
    if scenario.maintenance:
        for target in scenario.targets.names:
            yield f"{target}_age_hours", _since(target)
            yield f"{target}_never_replaced", f"latest.{target} IS NULL"
    if period := visit_seconds(scenario):
        yield NEXT_VISIT, f"({period} - (point - latest.visit) % {period}) / {HOUR}"
        yield VISIT_UNKNOWN, "latest.visit IS NULL"
    for fact in scenario.fleet.facts if scenario.fleet else ():
        yield fact.feature or fact.name, f"fact_{fact.name}"


def _since(event: str) -> str:
    return f"(point - latest.{event}) / {HOUR}"


def _window(scenario: Scenario, name: str, window: str) -> str:
    """SQL: a sum over a window. The sums of the bin itself have those of no more than a bin."""
    grid = AsOfGrid.of(scenario)
    if window == NORMAL:
        return f"{name}_{NORMAL}"
    hours = int(window.removesuffix("h"))
    if hours > grid.step_hours:
        return f"{name}_{window}"
    return f"readings.{name}" if hours == grid.step_hours else f"readings.{name}_{window}"


def _of_reading(scenario: Scenario, reading: Reading) -> Iterator[tuple[str, str]]:
    name, windows, scale = reading.name, scenario.readings.windows, scale_of(reading, scenario.readings.step)

    def total(window: str) -> PackedTotal:
        return PackedTotal(_window(scenario, f"{name}_total", window), scale)

    def spread(window: str) -> str:
        return total(window).spread(_window(scenario, f"{name}_squares", window))

    normal = total(NORMAL).mean
    for hours in windows.mean:
        yield f"{name}_mean_{hours}h", total(f"{hours}h").mean
    for hours in windows.spread:
        yield f"{name}_sd_{hours}h", spread(f"{hours}h")
    for hours in windows.deviation:
        yield f"{name}_deviation_{hours}h", f"{total(f'{hours}h').mean} - {normal}"
    yield f"{name}_normal_mean", normal
    yield f"{name}_normal_sd", spread(NORMAL)


def _of_counter(scenario: Scenario, counter: Counter) -> Iterator[tuple[str, str]]:
    """The latest value, and by how much it is above the one known some hours ago. Older values than the longest look
    back count as unknown, so that it does not matter how much of the past was read.
    """
    oldest = f"point - {scenario.readings.normal.hours * HOUR}"

    def level(hours: int) -> str:
        latest = f"until_{hours}h.{counter.name}_latest"
        return f"CASE WHEN {latest}.at > {oldest} THEN {latest}.value END"

    yield f"{counter.name}_level", level(0)
    for hours in counter.rise:
        rise = f"({level(0)}) - ({level(hours)})"
        # A counter that fell was set back. `greatest` skips null, which is to stay.
        yield f"{counter.name}_rise_{hours}h", f"IF({rise} < 0, 0.0D, {rise})"


def _number_of_readings(scenario: Scenario, window: str) -> str:
    """SQL: how many readings a window holds: of the value that has the fewest, where rows may not lack it; of optional
    values alone that which has the most.
    """
    if not scenario.smooth:
        return _window(scenario, "rows", window)
    always = [one for one in scenario.smooth if not one.optional]
    values = always or scenario.smooth
    counts = [PackedTotal(_window(scenario, f"{one.name}_total", window), 1).count for one in values]
    return f"{'least' if always else 'greatest'}({', '.join(counts)})" if len(counts) > 1 else counts[0]
