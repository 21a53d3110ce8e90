"""The query of the features: running sums over the rows of an entity, and what they were some hours before.

Sums are exact, so any sequence of increments gives what a full computation gives. What is quick about it and why stands
in docs/performance.md; the plain form of the same features is test/python/features/plain_form.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from batchkeeper.delta.optimizer import without_constant_folding, without_constraint_inference
from batchkeeper.delta.query import Query, listed, structure
from batchkeeper.features.columns import NORMAL, feature_columns
from batchkeeper.features.grid import HOUR, AsOfGrid
from batchkeeper.features.past import bins, event_numbers, no_readings, past, readings
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.parts import Fact


def feature_query(scenario: Scenario, *, only: bool = False, joined: bool = False) -> Query:
    """The query, where `{first}` and `{last}` stand for the first and last as-of time, in seconds since 1970."""
    query = Query()
    query.step("readings", readings(scenario))
    query.step("bins", bins(scenario))
    query.step("past", past(scenario))
    query.step("described", _described(scenario))
    query.step("running", _running(scenario))
    query.step("filled", _filled(scenario))
    query.step("recalled", _recalled(scenario))
    query.step("windowed", _windowed(scenario))
    return query.step("features", _features(scenario, only=only, joined=joined))


def _described(scenario: Scenario) -> str:
    """The rows of the past with the facts of their entity. The fleet is small and goes to every core."""
    entity = scenario.entity.name
    facts = listed(["r.*", *(f"m.{fact.name} AS fact_{fact.name}" for fact in _facts(scenario))])
    return f"SELECT /*+ BROADCAST(m) */ {facts} FROM past r JOIN {{fleet}} m ON r.{entity} = m.{entity}"


def _facts(scenario: Scenario) -> tuple[Fact, ...]:
    return scenario.fleet.facts if scenario.fleet else ()


def _summed(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What is added up over all rows so far, by name; each sum is a whole number."""
    for value in scenario.smooth:
        yield from ((f"{value.name}_{part}", f"sum(readings.{value.name}_{part})") for part in ("total", "squares"))
    if not scenario.smooth:
        yield "rows", "sum(readings.rows)"
    numbers = event_numbers(scenario)
    for code in scenario.codes:
        yield f"{code}_count", f"count(CASE WHEN event = {numbers[code]} THEN 1 END)"


def _running(scenario: Scenario) -> str:
    """Adds sums over all rows up to a point, the latest time of each event, and the point of the next row.

    Sums and times are a structure each, which sorts and windows pass on whole (docs/performance.md, "Structures through
    windows").
    """
    sums = {name: f"{total} OVER up_to_now" for name, total in _summed(scenario)}
    for counter in scenario.counters:
        sums[f"{counter.name}_latest"] = f"max(readings.{counter.name}_latest) OVER up_to_now"
    latest = {
        event: f"max(CASE WHEN event = {number} THEN at END) OVER up_to_now"
        for event, number in event_numbers(scenario).items()
    }
    latest["visit"] = "max(visit) OVER up_to_now"
    columns = [f"{structure(sums)} AS until_0h", f"{structure(latest)} AS latest"]
    return f"""
SELECT *, {listed(columns)}, lead(point) OVER up_to_now AS following
FROM described WINDOW up_to_now AS (PARTITION BY {scenario.entity.name} ORDER BY point, event DESC)"""


def _filled(scenario: Scenario) -> str:
    """One row for every point from the first on, even where data are missing: a row stands for the points from its own,
    unless the next row has the same, up to that of the next.

    To send all points through the aggregation would cost more than the readings do. Rows of the time before, with all
    the past, stand for one point each (docs/performance.md, "Points that rows stand for").
    """
    step = AsOfGrid.of(scenario).step
    first, last = (without_constant_folding(f"{{{name}}}", "point") for name in ("first", "last"))
    until = f"least(following - {step}, IF(point < {first} - {step}, point, {last}))"
    points = f"IF({until} < point, array(), sequence(point, {until}, {step}L))"
    carried = [scenario.entity.name, *(f"fact_{fact.name}" for fact in _facts(scenario)), "until_0h", "latest"]
    # Readings belong to the row's own point alone.
    own = f"IF(filled = point, readings, {no_readings(scenario)}) AS readings"
    return f"""
SELECT {listed([*carried, own])}, filled AS point
FROM running LATERAL VIEW explode({points}) AS filled"""


def _recalled(scenario: Scenario) -> str:
    """Adds the running sums as they stood some hours before: a reference to each, where a sliding frame would add up
    its bins again (docs/performance.md, "Differences of running sums"). A range of time, so that a gap stretches
    nothing.
    """
    frame = f"PARTITION BY {scenario.entity.name} ORDER BY point RANGE BETWEEN UNBOUNDED PRECEDING AND"
    earlier = [
        f"last(until_0h) OVER ({frame} {hours * HOUR} PRECEDING) AS until_{hours}h" for hours in _look_backs(scenario)
    ]
    return f"SELECT *, {listed(earlier)} FROM filled"


def _beyond_bin(scenario: Scenario) -> list[int]:
    """The windows of readings that are longer than a bin."""
    windows = {*scenario.readings.windows.mean, *scenario.readings.windows.spread}
    return sorted(hours for hours in windows if hours > AsOfGrid.of(scenario).step_hours)


def _look_backs(scenario: Scenario) -> list[int]:
    """How many hours before a point its past is asked for."""
    counted = (hours for events in scenario.events for hours in events.count)
    risen = (hours for counter in scenario.counters for hours in counter.rise)
    normal = scenario.readings.normal
    return sorted({*_beyond_bin(scenario), *counted, *risen, normal.gap_hours, normal.hours})


def _windowed(scenario: Scenario) -> str:
    """The points that are wanted, with sums over each window: what was added up to its end less what came before."""
    wanted = [without_constant_folding(f"{{{name}}}", "point") for name in ("first", "last")]
    return f"""
SELECT *, {listed(_window_sums(scenario))}
FROM recalled WHERE point BETWEEN {wanted[0]} AND {wanted[1]}"""


def _window_sums(scenario: Scenario) -> Iterator[str]:
    normal = scenario.readings.normal

    def between(name: str, far: int, near: int = 0) -> str:
        until, before = (f"coalesce(until_{hours}h.{name}, 0L)" for hours in (near, far))
        return f"{until} - {before}"

    for name in [f"{value.name}_{part}" for value in scenario.smooth for part in ("total", "squares")] or ["rows"]:
        for hours in _beyond_bin(scenario):
            yield f"{between(name, hours)} AS {name}_{hours}h"
        yield f"{between(name, normal.hours, normal.gap_hours)} AS {name}_{NORMAL}"
    for events in scenario.events:
        for code in events.codes:
            yield from (f"{between(f'{code}_count', hours)} AS {code}_count_{hours}h" for hours in events.count)


def _features(scenario: Scenario, *, only: bool, joined: bool) -> str:
    """The points with their features."""
    entity = scenario.entity.name
    # The key goes through the generator too: Spark 4.1 loses a column that it needs above one which reads parts of
    # structures.
    columns = [entity, "timestamp_seconds(point) AS as_of", *feature_columns(scenario)]
    features = without_constraint_inference(columns) if joined else listed(columns)
    chosen = f"p.{entity} = windowed.{entity} AND p.as_of = timestamp_seconds(point)"
    semi = f"LEFT SEMI JOIN {{points}} p ON {chosen}" if only else ""
    return f"SELECT {features} FROM windowed {semi}"
