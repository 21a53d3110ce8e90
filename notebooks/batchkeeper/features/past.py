"""The past of each entity as rows on the grid of as-of points: its readings as sums of bins, and its events.

Steps of the feature query, see batchkeeper.features.query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchkeeper.delta.query import listed, structure, text
from batchkeeper.features.grid import HOUR, AsOfGrid
from batchkeeper.features.packed_total import PackedTotal
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.scenario.scaling import scale_of

AT = f"unix_timestamp({TIME})"
BIN = 0
"""Stands for an event in the rows of bins, which come last of a point. Events have numbers from 1."""
_NULL = "CAST(NULL AS BIGINT)"
_NO_LEVEL = "CAST(NULL AS STRUCT<at: BIGINT, value: DOUBLE>)"


def event_numbers(scenario: Scenario) -> dict[str, int]:
    """The events that features tell apart, as numbers: codes, and the targets whose parts are replaced."""
    replaced = scenario.targets.names if scenario.maintenance else ()
    return {event: number for number, event in enumerate((*scenario.codes, *replaced), 1)}


def visit_seconds(scenario: Scenario) -> int | None:
    """The period of the maintenance calendar; None: there is none."""
    every = scenario.maintenance.visit_every if scenario.maintenance else None
    return None if every is None else int(every.total_seconds())


def readings(scenario: Scenario) -> str:
    """SQL: one row a reading: its time, the end of its bin, each value as a packed total or, of a counter, as it is."""
    grid, step = AsOfGrid.of(scenario), scenario.readings.step
    values = [
        f"{PackedTotal.of_reading(value, scale_of(value, step)).sql} AS {value.name}" for value in scenario.smooth
    ]
    columns = listed([scenario.entity.name, f"{AT} AS at", f"{grid.bin_end(AT)} AS bin", *values])
    return f"SELECT {listed([columns, *(counter.name for counter in scenario.counters)])} FROM {{readings}}"


def bins(scenario: Scenario) -> str:
    """SQL: one row for each entity and bin with readings: their sums by name, in one structure."""
    sums = structure({name: total for name, total, _ in _sums(scenario)})
    entity = scenario.entity.name
    return f"SELECT {entity}, bin, {sums} AS readings FROM readings GROUP BY {entity}, bin"


def no_readings(scenario: Scenario) -> str:
    """SQL: the structure of `bins` for a point whose bin is empty."""
    return structure({name: empty for name, _, empty in _sums(scenario)})


def _sums(scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """Name, aggregate and value without any reading of what is kept of a bin."""
    grid = AsOfGrid.of(scenario)
    for value in scenario.smooth:
        name = value.name
        reading = PackedTotal(name, scale_of(value, scenario.readings.step)).sum
        yield f"{name}_total", f"sum({name})", "0L"
        yield f"{name}_squares", f"sum({reading} * {reading})", "0L"
        # Windows shorter than a bin are summed apart.
        for hours in (one for one in scenario.readings.windows.mean if one < grid.step_hours):
            inside = f"CASE WHEN bin - at < {hours * HOUR} THEN {name} ELSE 0L END"
            yield f"{name}_total_{hours}h", f"sum({inside})", "0L"
    for counter in scenario.counters:
        # Structures are compared by their first field, so this is the latest value.
        latest = f"struct(at, {counter.name} AS value)"
        yield f"{counter.name}_latest", f"max(CASE WHEN {counter.name} IS NOT NULL THEN {latest} END)", _NO_LEVEL
    if not scenario.smooth:
        yield "rows", "count(*)", "0L"
        for hours in (one for one in scenario.readings.windows.mean if one < grid.step_hours):
            yield f"rows_{hours}h", f"count_if(bin - at < {hours * HOUR})", "0L"


def past(scenario: Scenario) -> str:
    """SQL: the bins, every event, and for each entity an empty bin before the first point, under one set of columns.

    `point` is the first as-of time that they belong to, `event` the number of an event, `at` its time, `visit` that of
    a visit on the calendar.
    """
    entity, grid, empty = scenario.entity.name, AsOfGrid.of(scenario), no_readings(scenario)

    def rows(
        source: str, point: str, event: str = str(BIN), at: str = "0L", visit: str = _NULL, sums: str = empty
    ) -> str:
        columns = f"{point} AS point, {event} AS event, {at} AS at, {visit} AS visit, {sums} AS readings"
        return f"SELECT {entity}, {columns} FROM {source}"

    parts = [rows("bins", "bin", sums="readings"), rows("{fleet}", f"{{first}} - {grid.step}")]
    for events in scenario.events:
        parts.append(
            rows(f"{{rows_of_{events.name}}}", grid.bin_end(AT), _number(scenario, events.column, events.codes), AT)
        )
    if scenario.maintenance:
        number = _number(scenario, scenario.maintenance.column, scenario.targets.names)
        parts.append(
            rows(f"{{rows_of_{scenario.maintenance.name}}}", grid.bin_end(AT), number, AT, _on_calendar(scenario))
        )
    return "\nUNION ALL ".join(parts)


def _number(scenario: Scenario, column: str, names: Sequence[str]) -> str:
    """SQL: the number of a row's event; one that is not told apart gets a number of its own.

    Of the source's own `names` alone: files of two sources may write different events alike.
    """
    numbers = event_numbers(scenario)
    known = " ".join(f"WHEN {text(scenario.spelled(name))} THEN {numbers[name]}" for name in names)
    return f"CASE {column} {known} ELSE {len(numbers) + 1} END" if known else str(len(numbers) + 1)


def _on_calendar(scenario: Scenario) -> str:
    """SQL: the time of a visit when one came a whole number of periods before it, whichever parts it replaced, else
    null.

    One record alone says nothing of the calendar.
    """
    period = visit_seconds(scenario)
    if period is None:
        return _NULL
    earlier = "RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    before = f"max({AT}) OVER (PARTITION BY {scenario.entity.name} ORDER BY {AT} {earlier})"
    return f"CASE WHEN ({AT} - {before}) % {period} = 0 THEN {AT} END"
