"""Computes the features of as-of points: one shuffle into 12-hour bins, then one pass of windows over the bins of a machine.

Readings are scaled integers from the first step on, so sums are exact: equal rows give equal features in any file layout,
and any sequence of increments gives what a full computation gives.

It is one SQL text, since the same expressions as Column objects are some ten thousand calls to the JVM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from predictive_maintenance.feature_set import (
    COMPONENTS,
    COUNT_WINDOWS,
    DEVIATION_WINDOWS,
    ERRORS,
    FEATURES,
    GRID_HOURS,
    GRID_OFFSET_HOURS,
    MEAN_WINDOWS,
    NORMAL_GAP_HOURS,
    NORMAL_HOURS,
    SENSORS,
    SPREAD_WINDOWS,
    VISIT_PERIOD_DAYS,
)

HOUR = 3600
GRID_SECONDS = GRID_HOURS * HOUR
_OFFSET = GRID_OFFSET_HOURS * HOUR
_VISIT_PERIOD = VISIT_PERIOD_DAYS * 24 * HOUR
_SCALE = 1000
_LARGEST_READING = 10_000
"""A reading beyond is taken as missing, which keeps ten years of squared, scaled readings inside 64 bits."""
_INSIDE_BIN = (1, 3)
"""Windows shorter than a bin, summed apart."""
_OVER_BINS = (24, 48)
_COUNT_BITS = 20
"""A total holds a sum and, in so many bits below it, how many readings entered: fewer columns to shuffle, sort and add."""
_PARTS = ("total", "squares")
_SUMMED = (*(f"{sensor}_{part}" for sensor in SENSORS for part in _PARTS), *(f"{error}_count" for error in ERRORS))
_EVENTS = (*ERRORS, *COMPONENTS, "visit")

# The columns that the rows of all sources share, with what stands for absent. Spark adds faster what is never null.
_SHARED = {"at": "0L", **dict.fromkeys(SENSORS, "0L"), "event": "CAST(NULL AS STRING)", "visit": "CAST(NULL AS BIGINT)", "is_point": "0"}


@dataclass(frozen=True)
class SourceFrames:
    """The rows that features read, each without a fault that ingestion should have caught."""

    machines: DataFrame
    telemetry: DataFrame
    errors: DataFrame
    maint: DataFrame


def grid_point_at_or_after(seconds: str) -> str:
    """SQL: the first as-of time that is not before `seconds`: the point whose 12-hour bin (T - 12 h, T] holds it."""
    return f"{seconds} + pmod({_OFFSET} - ({seconds}), {GRID_SECONDS})"


def grid_times(start: datetime, end: datetime) -> range:
    """As-of times in (start, end], in seconds since 1970."""
    first = -(-(int(start.timestamp()) + 1 - _OFFSET) // GRID_SECONDS) * GRID_SECONDS + _OFFSET
    return range(first, int(end.timestamp()) + 1, GRID_SECONDS)


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(columns)


def _shaped(source: str, **present: str) -> str:
    columns = [f"{present.get(name, absent)} AS {name}" for name, absent in _SHARED.items()]
    return f"SELECT machine_id, {_listed(columns)} FROM {source}"


def _scaled(sensor: str) -> str:
    scaled = f"floor({sensor} * {_SCALE} + 0.5D)"
    return f"CASE WHEN {sensor} BETWEEN -{_LARGEST_READING} AND {_LARGEST_READING} THEN shiftleft({scaled}, {_COUNT_BITS}) + 1 ELSE 0L END"


def _sum(total: str) -> str:
    return f"shiftright({total}, {_COUNT_BITS})"


def _count(total: str) -> str:
    return f"({total} & {2**_COUNT_BITS - 1})"


def _rows() -> str:
    """All rows of all sources and the points themselves, under one set of columns."""
    seconds = "unix_timestamp(ts)"
    # The machine's visit before, whichever components it replaced. One record alone says nothing of the calendar.
    before = f"max({seconds}) OVER (PARTITION BY machine_id ORDER BY {seconds} RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    on_calendar = f"CASE WHEN ({seconds} - {before}) % {_VISIT_PERIOD} = 0 THEN {seconds} END"
    return " UNION ALL ".join(
        [
            # One task, and a long one: it begins first.
            _shaped("{points}", at="unix_timestamp(as_of)", is_point="1"),
            _shaped("{telemetry}", at=seconds, **{sensor: _scaled(sensor) for sensor in SENSORS}),
            _shaped("{errors}", at=seconds, event="error_id"),
            _shaped("{maint}", at=seconds, event="comp", visit=on_calendar),
        ]
    )


def _bin_totals() -> list[str]:
    """What is known of one machine in one bin: sums of its rows, and the latest time of each event."""
    found = ["max(visit) AS visit_at", "max(is_point) AS is_point"]
    for sensor in SENSORS:
        reading = _sum(sensor)
        found += [f"coalesce(sum({sensor}), 0L) AS {sensor}_total", f"coalesce(sum({reading} * {reading}), 0L) AS {sensor}_squares"]
        for hours in _INSIDE_BIN:
            found.append(f"coalesce(sum(CASE WHEN bin - at < {hours * HOUR} THEN {sensor} ELSE 0L END), 0L) AS {sensor}_total_{hours}h")
    found += [f"count(CASE WHEN event = '{error}' THEN 1 END) AS {error}_count" for error in ERRORS]
    return found + [f"max(CASE WHEN event = '{event}' THEN at END) AS {event}_at" for event in (*ERRORS, *COMPONENTS)]


def _running() -> list[str]:
    """Sums over all bins up to T, in one structure, and the latest time of each event."""
    sums = _listed(f"sum({name}) OVER up_to_now AS {name}" for name in _SUMMED)
    return [f"struct({sums}) AS until_0h", *(f"max({event}_at) OVER up_to_now AS {event}_latest" for event in _EVENTS)]


def _earlier() -> list[str]:
    """The running sums as they stood some hours before T: a reference to each, where a sliding frame would add up its bins again."""
    hours = sorted({*_OVER_BINS, *COUNT_WINDOWS, NORMAL_GAP_HOURS, NORMAL_HOURS})
    # A range of time, so that a gap stretches nothing.
    frame = "PARTITION BY machine_id ORDER BY bin RANGE BETWEEN UNBOUNDED PRECEDING AND"
    return [f"last(until_0h) OVER ({frame} {before * HOUR} PRECEDING) AS until_{before}h" for before in hours]


def _window_sums() -> list[str]:
    """Sums over each window, each the difference of two running sums."""
    found = []
    for name in (f"{sensor}_{part}" for sensor in SENSORS for part in _PARTS):
        found += [f"{_between(name, hours)} AS {name}_{hours}h" for hours in _OVER_BINS]
        found.append(f"{_between(name, NORMAL_HOURS, NORMAL_GAP_HOURS)} AS {name}_normal")
    return found + [f"{_between(f'{error}_count', hours)} AS {error}_count_{hours}h" for error in ERRORS for hours in COUNT_WINDOWS]


def _between(name: str, far: int, near: int = 0) -> str:
    """SQL: the sum of a column over the bins of the hours (T - far, T - near]."""
    until, before = (f"coalesce(until_{hours}h.{name}, 0L)" for hours in (near, far))
    return f"{until} - {before}"


def _mean(total: str) -> str:
    return f"{_sum(total)} / nullif({_count(total)}, 0) / {_SCALE}"


def _spread(total: str, squares: str) -> str:
    """Sample standard deviation; null below two readings."""
    count = _count(total)
    centred = f"{squares} - CAST({_sum(total)} AS DOUBLE) * {_sum(total)} / {count}"
    return f"CASE WHEN {count} > 1 THEN sqrt(greatest(({centred}) / ({count} - 1), 0.0D)) / {_SCALE} END"


def _window(part: str, hours: int) -> str:
    return part if hours == GRID_HOURS else f"{part}_{hours}h"


def _sensor_columns(sensor: str) -> dict[str, str]:
    means = {hours: _mean(f"{sensor}_{_window('total', hours)}") for hours in MEAN_WINDOWS}
    normal = _mean(f"{sensor}_total_normal")
    found = {f"{sensor}_mean_{hours}h": means[hours] for hours in MEAN_WINDOWS}
    for hours in SPREAD_WINDOWS:
        found[f"{sensor}_sd_{hours}h"] = _spread(*(f"{sensor}_{_window(part, hours)}" for part in _PARTS))
    found |= {f"{sensor}_deviation_{hours}h": f"{means[hours]} - {normal}" for hours in DEVIATION_WINDOWS}
    return found | {f"{sensor}_normal_mean": normal, f"{sensor}_normal_sd": _spread(*(f"{sensor}_{part}_normal" for part in _PARTS))}


def _fewest(suffix: str) -> str:
    return f"least({_listed(_count(f'{sensor}_{suffix}') for sensor in SENSORS)})"


def _event_columns() -> dict[str, str]:
    since = {event: f"(bin - {event}_latest) / {HOUR}" for event in _EVENTS}
    found = {f"{error}_count_{hours}h": f"{error}_count_{hours}h" for error in ERRORS for hours in COUNT_WINDOWS}
    found |= {f"{error}_hours_since": f"CASE WHEN {since[error]} < {NORMAL_HOURS} THEN {since[error]} END" for error in ERRORS}
    for component in COMPONENTS:
        found[f"{component}_age_hours"] = since[component]
        found[f"{component}_never_replaced"] = f"{component}_latest IS NULL"
    found["hours_to_next_visit"] = f"({_VISIT_PERIOD} - (bin - visit_latest) % {_VISIT_PERIOD}) / {HOUR}"
    return found | {"visit_unknown": "visit_latest IS NULL"}


def _feature_columns() -> list[str]:
    found: dict[str, str] = {"machine_model": "model", "machine_age_years": "age"}
    for sensor in SENSORS:
        found |= _sensor_columns(sensor)
    found |= {f"readings_{hours}h": _fewest(_window("total", hours)) for hours in MEAN_WINDOWS}
    found |= {"readings_normal": _fewest("total_normal"), **_event_columns()}
    return [f"CAST({found[feature.name]} AS {feature.type}) AS {feature.name}" for feature in FEATURES]


_STATEMENT = f"""
WITH placed AS (SELECT *, {grid_point_at_or_after("at")} AS bin FROM ({_rows()})),
bins AS (SELECT machine_id, bin, {_listed(_bin_totals())} FROM placed GROUP BY machine_id, bin),
described AS (SELECT /*+ BROADCAST(m) */ b.*, model, age FROM bins b LEFT JOIN {{machines}} m ON b.machine_id = m.machine_id),
running AS (SELECT *, {_listed(_running())} FROM described WINDOW up_to_now AS (PARTITION BY machine_id ORDER BY bin)),
recalled AS (SELECT *, {_listed(_earlier())} FROM running),
windowed AS (SELECT *, {_listed(_window_sums())} FROM recalled)
SELECT machine_id, timestamp_seconds(bin) AS as_of, {{features}} FROM windowed WHERE is_point = 1"""


def opaque(columns: Iterable[str]) -> str:
    """SQL: the columns by a generator, through which Spark does not look.

    From plain columns it infers constraints for every join above them, which double with each feature. The price is that each value
    is computed by interpretation.
    """
    return f"inline(array(struct({_listed(columns)})))"


def compute_features(sources: SourceFrames, points: DataFrame, *, joined: bool = False) -> DataFrame:
    """The features of `points` (machine_id, as_of on the grid): one row a point with machine_id, as_of and all of FEATURES.

    Only rows at or before a point's as-of time enter its features. The sources must hold all rows within the longest window before
    the points; more rows change nothing. With `joined` the result is made for a join to follow.
    """
    columns = _feature_columns()
    # The braces that are left stand for the frames.
    statement = _STATEMENT.replace("{features}", opaque(columns) if joined else _listed(columns))
    return points.sparkSession.sql(
        statement, points=points, machines=sources.machines, telemetry=sources.telemetry, errors=sources.errors, maint=sources.maint
    )
