"""Computes the features of as-of points: one shuffle into 12-hour bins, then one pass of windows over the bins of a machine.

Readings are scaled integers from the first step on, so sums are exact: equal rows give equal features in any file layout,
and any sequence of increments gives what a full computation gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as sf

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


@dataclass(frozen=True)
class SourceFrames:
    """The rows that features read, each without a fault that ingestion should have caught."""

    machines: DataFrame
    telemetry: DataFrame
    errors: DataFrame
    maint: DataFrame


def epoch(column: str) -> Column:
    """Seconds since 1970 of a timestamp column."""
    return sf.unix_timestamp(sf.col(column))


def grid_point_at_or_after(seconds: Column) -> Column:
    """The first as-of time that is not before `seconds`: the point whose 12-hour bin (T - 12 h, T] holds it."""
    return (sf.ceil((seconds - _OFFSET) / GRID_SECONDS) * GRID_SECONDS + _OFFSET).cast("long")


def _scaled(sensor: str) -> Column:
    reading = sf.col(sensor)
    return sf.when(reading.between(-_LARGEST_READING, _LARGEST_READING), sf.floor(reading * _SCALE + sf.lit(0.5)))


def _visits(maint: DataFrame) -> DataFrame:
    """Maintenance rows with `visit`: the row's time when it lies a whole number of periods after the machine's visit before it.

    One record alone, such as the initial ages of new components, says nothing of the calendar.
    """
    dates = maint.select("machine_id", epoch("ts").alias("at")).distinct()
    before = sf.lag("at").over(Window.partitionBy("machine_id").orderBy("at"))
    return dates.select("machine_id", "at", sf.when((sf.col("at") - before) % _VISIT_PERIOD == 0, sf.col("at")).alias("visit"))


def _rows(sources: SourceFrames, points: DataFrame) -> DataFrame:
    """All rows of all sources and the points themselves, under one set of columns."""
    columns: dict[str, str] = dict.fromkeys(SENSORS, "long") | {
        "error_id": "string",
        "comp": "string",
        "visit": "long",
        "is_point": "int",
    }

    def shaped(frame: DataFrame, *present: Column) -> DataFrame:
        selected = frame.select("machine_id", *present)
        empty = [sf.lit(None).cast(kind).alias(name) for name, kind in columns.items() if name not in selected.columns]
        return selected.select("*", *empty)

    at = epoch("ts").alias("at")
    parts = [
        shaped(sources.telemetry, at, *(_scaled(sensor).alias(sensor) for sensor in SENSORS)),
        shaped(sources.errors, at, sf.col("error_id")),
        shaped(sources.maint, at, sf.col("comp")),
        shaped(_visits(sources.maint), sf.col("at"), sf.col("visit")),
        shaped(points, epoch("as_of").alias("at"), sf.lit(1).alias("is_point")),
    ]
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    return rows.withColumn("end", grid_point_at_or_after(sf.col("at")))


def _bins(rows: DataFrame) -> DataFrame:
    """One row per machine and 12-hour bin: sums of its rows, and the latest time of each event."""
    age = sf.col("end") - sf.col("at")
    totals = []
    for sensor in SENSORS:
        value = sf.col(sensor)
        totals += [
            sf.sum(value).alias(f"{sensor}_sum"),
            sf.sum(value * value).alias(f"{sensor}_squares"),
            sf.count(value).alias(f"{sensor}_count"),
        ]
        for hours in _INSIDE_BIN:
            recent = sf.when(age < hours * HOUR, value)
            totals += [sf.sum(recent).alias(f"{sensor}_sum_{hours}h"), sf.count(recent).alias(f"{sensor}_count_{hours}h")]
    for error in ERRORS:
        seen = sf.when(sf.col("error_id") == error, sf.col("at"))
        totals += [sf.count(seen).alias(f"{error}_count"), sf.max(seen).alias(f"{error}_at")]
    totals += [sf.max(sf.when(sf.col("comp") == component, sf.col("at"))).alias(f"{component}_at") for component in COMPONENTS]
    return rows.groupBy("machine_id", "end").agg(*totals, sf.max("visit").alias("visit_at"), sf.max("is_point").alias("is_point"))


def _span(start: int, end: int) -> WindowSpec:
    """The bins of the same machine with an end in [T + start, T + end] seconds: a range, so a gap stretches nothing."""
    return Window.partitionBy("machine_id").orderBy("end").rangeBetween(start, end)


def _window_sums() -> list[Column]:
    """Sums over each window; the normal is a difference of two running sums, as a sliding frame would add up 56 bins a row."""
    span = cache(_span)  # each frame is built once: a call to the JVM for every step of it adds up
    found = []
    for sensor in SENSORS:
        for part in ("sum", "squares", "count"):
            name = f"{sensor}_{part}"
            for hours in _OVER_BINS:
                found.append(sf.sum(name).over(span(-(hours - GRID_HOURS) * HOUR, 0)).alias(f"{name}_{hours}h"))
            until = sf.coalesce(sf.sum(name).over(span(Window.unboundedPreceding, -NORMAL_GAP_HOURS * HOUR)), sf.lit(0))
            before = sf.coalesce(sf.sum(name).over(span(Window.unboundedPreceding, -NORMAL_HOURS * HOUR)), sf.lit(0))
            found.append((until - before).alias(f"{name}_normal"))
    for error in ERRORS:
        for hours in COUNT_WINDOWS:
            found.append(sf.sum(f"{error}_count").over(span(-(hours - GRID_HOURS) * HOUR, 0)).alias(f"{error}_count_{hours}h"))
    latest = [f"{event}_at" for event in (*ERRORS, *COMPONENTS, "visit")]
    return found + [sf.max(name).over(span(Window.unboundedPreceding, 0)).alias(f"{name}_latest") for name in latest]


def _mean(total: str, count: str) -> Column:
    return sf.col(total) / sf.nullif(sf.col(count), sf.lit(0)) / _SCALE


def _spread(total: str, squares: str, count: str) -> Column:
    """Sample standard deviation; null below two readings."""
    number = sf.col(count)
    centred = sf.col(squares) - sf.col(total).cast("double") * sf.col(total) / number
    return sf.when(number > 1, sf.sqrt(sf.greatest(centred / (number - 1), sf.lit(0.0))) / _SCALE)


def _sensor_columns(sensor: str) -> dict[str, Column]:
    means = {hours: _mean(f"{sensor}_{_window('sum', hours)}", f"{sensor}_{_window('count', hours)}") for hours in MEAN_WINDOWS}
    normal = _mean(f"{sensor}_sum_normal", f"{sensor}_count_normal")
    found = {f"{sensor}_mean_{hours}h": means[hours] for hours in MEAN_WINDOWS}
    for hours in SPREAD_WINDOWS:
        parts = (f"{sensor}_{_window(part, hours)}" for part in ("sum", "squares", "count"))
        found[f"{sensor}_sd_{hours}h"] = _spread(*parts)
    found |= {f"{sensor}_deviation_{hours}h": means[hours] - normal for hours in DEVIATION_WINDOWS}
    spread = _spread(f"{sensor}_sum_normal", f"{sensor}_squares_normal", f"{sensor}_count_normal")
    return found | {f"{sensor}_normal_mean": normal, f"{sensor}_normal_sd": spread}


def _window(part: str, hours: int) -> str:
    return part if hours == GRID_HOURS else f"{part}_{hours}h"


def _fewest(suffix: str) -> Column:
    return sf.coalesce(sf.least(*(sf.col(f"{sensor}_{suffix}") for sensor in SENSORS)), sf.lit(0))


def _event_columns() -> dict[str, Column]:
    def hours_since(name: str) -> Column:
        return (sf.col("end") - sf.col(f"{name}_at_latest")) / HOUR

    found: dict[str, Column] = {}
    for error in ERRORS:
        found |= {f"{error}_count_{hours}h": sf.col(f"{error}_count_{hours}h") for hours in COUNT_WINDOWS}
        since = hours_since(error)
        found[f"{error}_hours_since"] = sf.when(since < NORMAL_HOURS, since)
    for component in COMPONENTS:
        found[f"{component}_age_hours"] = hours_since(component)
        found[f"{component}_never_replaced"] = sf.col(f"{component}_at_latest").isNull().cast("int")
    since_visit = sf.col("end") - sf.col("visit_at_latest")
    found["hours_to_next_visit"] = (_VISIT_PERIOD - since_visit % _VISIT_PERIOD) / HOUR
    found["visit_unknown"] = sf.col("visit_at_latest").isNull().cast("int")
    return found


def _feature_columns() -> dict[str, Column]:
    found: dict[str, Column] = {}
    for sensor in SENSORS:
        found |= _sensor_columns(sensor)
    found |= {f"readings_{hours}h": _fewest(_window("count", hours)) for hours in MEAN_WINDOWS}
    found["readings_normal"] = _fewest("count_normal")
    return found | _event_columns() | {"machine_model": sf.col("model"), "machine_age_years": sf.col("age")}


def compute_features(sources: SourceFrames, points: DataFrame) -> DataFrame:
    """The features of `points` (machine_id, as_of on the grid): one row a point with machine_id, as_of and all of FEATURES.

    Only rows at or before a point's as-of time enter its features. The sources must hold all rows within the longest window before
    the points; more rows change nothing.
    """
    binned = _bins(_rows(sources, points))
    windowed = binned.select("*", *_window_sums()).where("is_point = 1")
    machines = sources.machines.select("machine_id", "model", "age")
    columns = _feature_columns()
    selected: Iterable[Column] = (columns[feature.name].cast(feature.type).alias(feature.name) for feature in FEATURES)
    joined = windowed.join(sf.broadcast(machines), "machine_id", "left")
    return joined.select("machine_id", sf.timestamp_seconds("end").alias("as_of"), *selected)
