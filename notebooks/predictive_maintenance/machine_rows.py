"""The past of each machine as rows on the grid of as-of points: its readings as sums of 12-hour bins, and its events.

Readings are scaled integers from the first step on, so sums are exact: equal rows give equal features in any file layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batchkeeper.frames import apart
from predictive_maintenance.feature_set import COMPONENTS, ERRORS, SENSORS, VISIT_PERIOD_DAYS
from predictive_maintenance.grid import GRID_SECONDS, HOUR, grid_point_at_or_after

VISIT_PERIOD = VISIT_PERIOD_DAYS * 24 * HOUR
SCALE = 1000
_LARGEST_READING = 10_000
"""A reading beyond is taken as missing, which keeps ten years of squared, scaled readings inside 64 bits."""
_INSIDE_BIN = (1, 3)
"""Windows shorter than a bin, summed apart."""
_COUNT_BITS = 20
"""A total holds a sum and, in so many bits below it, how many readings entered: fewer columns to shuffle, sort and add."""
_BIN = 0
EVENT_CODES: Mapping[str, int] = {event: number for number, event in enumerate((*ERRORS, *COMPONENTS), 1)}
_UNKNOWN = len(EVENT_CODES) + 1
"""An event as a number. The rows of events stand among those of bins, which have `_BIN` and come last of a point."""
_AT = "unix_timestamp(ts)"
_NULL = "CAST(NULL AS BIGINT)"


def listed(columns: Iterable[str]) -> str:
    """SQL: the columns, separated."""
    return ", ".join(columns)


def structure(fields: Mapping[str, str]) -> str:
    """SQL: one value of named fields, which sorts and windows pass on whole."""
    return f"struct({listed(f'{value} AS {name}' for name, value in fields.items())})"


def sum_in(total: str) -> str:
    """SQL: the sum of scaled readings that a total holds."""
    return f"shiftright({total}, {_COUNT_BITS})"


def count_in(total: str) -> str:
    """SQL: how many readings entered a total."""
    return f"({total} & {2**_COUNT_BITS - 1})"


def _scaled(sensor: str) -> str:
    scaled = f"floor({sensor} * {SCALE} + 0.5D)"
    return f"CASE WHEN abs({sensor}) <= {_LARGEST_READING} THEN shiftleft({scaled}, {_COUNT_BITS}) + 1 ELSE 0L END"


def _reading_sums() -> dict[str, str]:
    """The readings of one machine in one bin, as sums by name."""
    found: dict[str, str] = {}
    for sensor in SENSORS:
        reading = sum_in(sensor)
        found |= {f"{sensor}_total": f"sum({sensor})", f"{sensor}_squares": f"sum({reading} * {reading})"}
        for hours in _INSIDE_BIN:
            found[f"{sensor}_total_{hours}h"] = f"sum(CASE WHEN bin - at < {hours * HOUR} THEN {sensor} ELSE 0L END)"
    return found


_NO_READINGS = structure(dict.fromkeys(_reading_sums(), "0L"))


def bins() -> str:
    """SQL: one row for each machine and bin with readings."""
    readings = listed(f"{_scaled(sensor)} AS {sensor}" for sensor in SENSORS)
    placed = f"SELECT machine_id, {_AT} AS at, {grid_point_at_or_after(_AT)} AS bin, {readings} FROM {{telemetry}}"
    return f"SELECT machine_id, bin, {structure(_reading_sums())} AS readings FROM ({placed}) GROUP BY machine_id, bin"


def _shaped(source: str, point: str, *, event: str = str(_BIN), at: str = "0L", visit: str = _NULL, readings: str = _NO_READINGS) -> str:
    return f"SELECT machine_id, {point} AS point, {event} AS event, {at} AS at, {visit} AS visit, {readings} AS readings FROM {source}"


def _events(source: str, column: str, visit: str = _NULL) -> str:
    known = " ".join(f"WHEN '{event}' THEN {number}" for event, number in EVENT_CODES.items())
    code = f"CASE {column} {known} ELSE {_UNKNOWN} END"
    return _shaped(source, grid_point_at_or_after(_AT), event=code, at=_AT, visit=visit)


def rows() -> str:
    """SQL: the bins, every event, and for each machine an empty bin before the first point, under one set of columns.

    `point` is the first as-of time that they belong to, `at` the time of an event, `visit` that of a visit on the calendar.
    """
    # The machine's visit before, whichever components it replaced. One record alone says nothing of the calendar.
    before = f"max({_AT}) OVER (PARTITION BY machine_id ORDER BY {_AT} RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    on_calendar = f"CASE WHEN ({_AT} - {before}) % {VISIT_PERIOD} = 0 THEN {_AT} END"
    return " UNION ALL ".join(
        [
            _shaped("bins", "bin", readings="readings"),
            _shaped("{machines}", f"{{first}} - {GRID_SECONDS}"),
            _events("{errors}", "error_id"),
            _events("{maint}", "comp", on_calendar),
        ]
    )


def points_of_row() -> str:
    """SQL: the points that a row stands for: from its own, unless the next row has the same, up to that of the next.

    So each machine has one row for every point from the first on, even where data are missing. To send all points through the
    aggregation would cost more than the readings do. Rows of the time before, with all the past, stand for one point each.
    """
    first, last = (apart(f"{{{name}}}", "point") for name in ("first", "last"))
    until = f"least(following - {GRID_SECONDS}, IF(point < {first} - {GRID_SECONDS}, point, {last}))"
    return f"IF({until} < point, array(), sequence(point, {until}, {GRID_SECONDS}L))"


def filled(kept: Iterable[str]) -> str:
    """SQL: the columns of a row at the point `filled` that it stands for: all `kept`, but readings only at its own."""
    return listed([*kept, f"IF(filled = point, readings, {_NO_READINGS}) AS readings", "filled AS point"])
