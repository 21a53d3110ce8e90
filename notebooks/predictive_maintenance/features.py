"""Computes the features of as-of points: running sums over the rows of a machine, and what they were some hours before.

Sums are exact, so any sequence of increments gives what a full computation gives.

It is one SQL text, since the same expressions as Column objects are some ten thousand calls to the JVM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from batchkeeper.frames import apart
from predictive_maintenance.feature_set import (
    COMPONENTS,
    COUNT_WINDOWS,
    DEVIATION_WINDOWS,
    ERRORS,
    FEATURES,
    GRID_HOURS,
    MEAN_WINDOWS,
    NORMAL_GAP_HOURS,
    NORMAL_HOURS,
    SENSORS,
    SPREAD_WINDOWS,
)
from predictive_maintenance.grid import HOUR
from predictive_maintenance.machine_rows import (
    EVENT_CODES,
    SCALE,
    VISIT_PERIOD,
    bins,
    count_in,
    filled,
    listed,
    points_of_row,
    rows,
    structure,
    sum_in,
)

_OVER_BINS = (24, 48)
_PARTS = ("total", "squares")
_SUMMED = (*(f"{sensor}_{part}" for sensor in SENSORS for part in _PARTS), *(f"{error}_count" for error in ERRORS))
_EVENTS = (*ERRORS, *COMPONENTS, "visit")
_CARRIED = ("machine_id", "model", "age", "until_0h", "latest")


@dataclass(frozen=True)
class SourceFrames:
    """The rows that features read, each without a fault that ingestion should have caught."""

    machines: DataFrame
    telemetry: DataFrame
    errors: DataFrame
    maint: DataFrame


def _running() -> list[str]:
    """Sums over all rows up to a point and the latest time of each event, in a structure each; with the point of the next row."""
    counts = {f"{error}_count": f"count(CASE WHEN event = {EVENT_CODES[error]} THEN 1 END)" for error in ERRORS}
    sums = {name: f"{counts.get(name, f'sum(readings.{name})')} OVER up_to_now" for name in _SUMMED}
    latest = {event: f"max(CASE WHEN event = {code} THEN at END) OVER up_to_now" for event, code in EVENT_CODES.items()}
    latest["visit"] = "max(visit) OVER up_to_now"
    return [f"{structure(sums)} AS until_0h", f"{structure(latest)} AS latest", "lead(point) OVER up_to_now AS following"]


def _earlier() -> list[str]:
    """The running sums as they stood some hours before T: a reference to each, where a sliding frame would add up its bins again."""
    hours = sorted({*_OVER_BINS, *COUNT_WINDOWS, NORMAL_GAP_HOURS, NORMAL_HOURS})
    # A range of time, so that a gap stretches nothing.
    frame = "PARTITION BY machine_id ORDER BY point RANGE BETWEEN UNBOUNDED PRECEDING AND"
    return [f"last(until_0h) OVER ({frame} {before * HOUR} PRECEDING) AS until_{before}h" for before in hours]


def _window_sums() -> list[str]:
    """Sums over each window, each the difference of two running sums."""
    found = []
    for name in (f"{sensor}_{part}" for sensor in SENSORS for part in _PARTS):
        found += [f"{_between(name, hours)} AS {name}_{hours}h" for hours in _OVER_BINS]
        found.append(f"{_between(name, NORMAL_HOURS, NORMAL_GAP_HOURS)} AS {name}_normal")
    return found + [f"{_between(f'{error}_count', hours)} AS {error}_count_{hours}h" for error in ERRORS for hours in COUNT_WINDOWS]


def _between(name: str, far: int, near: int = 0) -> str:
    """SQL: the sum of a column over the rows of the hours (T - far, T - near]."""
    until, before = (f"coalesce(until_{hours}h.{name}, 0L)" for hours in (near, far))
    return f"{until} - {before}"


def _mean(total: str) -> str:
    return f"{sum_in(total)} / nullif({count_in(total)}, 0) / {SCALE}"


def _spread(total: str, squares: str) -> str:
    """Sample standard deviation; null below two readings."""
    count = count_in(total)
    centred = f"{squares} - CAST({sum_in(total)} AS DOUBLE) * {sum_in(total)} / {count}"
    return f"CASE WHEN {count} > 1 THEN sqrt(greatest(({centred}) / ({count} - 1), 0.0D)) / {SCALE} END"


def _window(part: str, hours: int) -> str:
    """SQL: a sum over the last hours; the readings of the bin itself have those of no more than a bin."""
    name = part if hours == GRID_HOURS else f"{part}_{hours}h"
    return f"readings.{name}" if hours <= GRID_HOURS else name


def _sensor_columns(sensor: str) -> dict[str, str]:
    means = {hours: _mean(_window(f"{sensor}_total", hours)) for hours in MEAN_WINDOWS}
    normal = _mean(f"{sensor}_total_normal")
    found = {f"{sensor}_mean_{hours}h": means[hours] for hours in MEAN_WINDOWS}
    for hours in SPREAD_WINDOWS:
        found[f"{sensor}_sd_{hours}h"] = _spread(*(_window(f"{sensor}_{part}", hours) for part in _PARTS))
    found |= {f"{sensor}_deviation_{hours}h": f"{means[hours]} - {normal}" for hours in DEVIATION_WINDOWS}
    return found | {f"{sensor}_normal_mean": normal, f"{sensor}_normal_sd": _spread(*(f"{sensor}_{part}_normal" for part in _PARTS))}


def _fewest(totals: Iterable[str]) -> str:
    return f"least({listed(map(count_in, totals))})"


def _event_columns() -> dict[str, str]:
    since = {event: f"(point - latest.{event}) / {HOUR}" for event in _EVENTS}
    found = {f"{error}_count_{hours}h": f"{error}_count_{hours}h" for error in ERRORS for hours in COUNT_WINDOWS}
    found |= {f"{error}_hours_since": f"CASE WHEN {since[error]} < {NORMAL_HOURS} THEN {since[error]} END" for error in ERRORS}
    for component in COMPONENTS:
        found[f"{component}_age_hours"] = since[component]
        found[f"{component}_never_replaced"] = f"latest.{component} IS NULL"
    found["hours_to_next_visit"] = f"({VISIT_PERIOD} - (point - latest.visit) % {VISIT_PERIOD}) / {HOUR}"
    return found | {"visit_unknown": "latest.visit IS NULL"}


def _feature_columns() -> list[str]:
    found: dict[str, str] = {"machine_model": "model", "machine_age_years": "age"}
    for sensor in SENSORS:
        found |= _sensor_columns(sensor)
    found |= {f"readings_{hours}h": _fewest(_window(f"{sensor}_total", hours) for sensor in SENSORS) for hours in MEAN_WINDOWS}
    found |= {"readings_normal": _fewest(f"{sensor}_total_normal" for sensor in SENSORS), **_event_columns()}
    return [f"CAST({found[feature.name]} AS {feature.type}) AS {feature.name}" for feature in FEATURES]


_WANTED = f"point BETWEEN {apart('{first}', 'point')} AND {apart('{last}', 'point')}"
_STATEMENT = f"""
WITH bins AS ({bins()}),
described AS (SELECT /*+ BROADCAST(m) */ r.*, model, age FROM ({rows()}) r JOIN {{machines}} m ON r.machine_id = m.machine_id),
running AS (SELECT *, {listed(_running())} FROM described WINDOW up_to_now AS (PARTITION BY machine_id ORDER BY point, event DESC)),
filled AS (SELECT {filled(_CARRIED)} FROM running LATERAL VIEW explode({points_of_row()}) AS filled),
recalled AS (SELECT *, {listed(_earlier())} FROM filled),
windowed AS (SELECT *, {listed(_window_sums())} FROM recalled WHERE {_WANTED})
SELECT machine_id, timestamp_seconds(point) AS as_of, {{features}} FROM windowed {{only}}"""


def opaque(columns: Iterable[str]) -> str:
    """SQL: the columns by a generator, through which Spark does not look.

    From plain columns it infers constraints for every join above them, which double with each feature. The price is that each value
    is computed by interpretation.
    """
    return f"inline(array(struct({listed(columns)})))"


@dataclass(frozen=True)
class Points:
    """As-of points: those of every machine from `first` to `last`, which lie on the grid, or of these `only` some (machine_id, as_of)."""

    first: datetime
    last: datetime
    only: DataFrame | None = None


def compute_features(sources: SourceFrames, points: Points, *, joined: bool = False) -> DataFrame:
    """The features of `points`: one row a point with machine_id, as_of and all of FEATURES.

    Only rows at or before a point's as-of time enter its features. The sources must hold all rows within the longest window before
    the points; more rows change nothing. With `joined` the result is made for a join to follow.
    """
    columns = _feature_columns()
    frames = {name: getattr(sources, name) for name in ("machines", "telemetry", "errors", "maint")}
    only = ""
    if points.only is not None:
        frames["points"] = points.only
        only = "LEFT SEMI JOIN {points} p ON p.machine_id = windowed.machine_id AND p.as_of = timestamp_seconds(point)"
    # The braces that are left stand for the frames.
    statement = _STATEMENT.replace("{features}", opaque(columns) if joined else listed(columns)).replace("{only}", only)
    for name, time in (("first", points.first), ("last", points.last)):
        statement = statement.replace(f"{{{name}}}", f"{int(time.timestamp())}L")
    return sources.machines.sparkSession.sql(statement, **frames)
