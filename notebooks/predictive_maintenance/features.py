"""Computes the features of as-of points: one shuffle into 12-hour bins, then one pass of windows over the bins of a machine.

Readings are scaled integers from the first step on, so sums are exact: equal rows give equal features in any file layout,
and any sequence of increments gives what a full computation gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

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
_SHORT_HOURS = MEAN_WINDOWS[0]
_INSIDE_BIN = (_SHORT_HOURS, GRID_HOURS)


@dataclass(frozen=True)
class SourceFrames:
    """The rows that features read, each without a fault that ingestion should have caught."""

    machines: DataFrame
    telemetry: DataFrame
    errors: DataFrame
    maint: DataFrame


def epoch(column: str) -> Column:
    """Seconds since 1970 of a timestamp column."""
    return F.unix_timestamp(F.col(column))


def grid_point_at_or_after(seconds: Column) -> Column:
    """The first as-of time that is not before `seconds`: the point whose 12-hour bin (T - 12 h, T] holds it."""
    return (F.ceil((seconds - _OFFSET) / GRID_SECONDS) * GRID_SECONDS + _OFFSET).cast("long")


def _scaled(sensor: str) -> Column:
    reading = F.col(sensor)
    return F.when(reading.between(-_LARGEST_READING, _LARGEST_READING), F.floor(reading * _SCALE + F.lit(0.5)))


def _visits(maint: DataFrame) -> DataFrame:
    """Maintenance rows with `visit`: the row's time when it lies a whole number of periods after the machine's visit before it.

    One record alone, such as the initial ages of new components, says nothing of the calendar.
    """
    dates = maint.select("machine_id", epoch("ts").alias("at")).distinct()
    before = F.lag("at").over(Window.partitionBy("machine_id").orderBy("at"))
    return dates.select("machine_id", "at", F.when((F.col("at") - before) % _VISIT_PERIOD == 0, F.col("at")).alias("visit"))


def _rows(sources: SourceFrames, points: DataFrame) -> DataFrame:
    """All rows of all sources and the points themselves, under one set of columns."""
    columns: dict[str, str] = {sensor: "long" for sensor in SENSORS} | {
        "error_id": "string",
        "comp": "string",
        "visit": "long",
        "is_point": "int",
    }

    def shaped(frame: DataFrame, *present: Column) -> DataFrame:
        selected = frame.select("machine_id", *present)
        empty = [F.lit(None).cast(kind).alias(name) for name, kind in columns.items() if name not in selected.columns]
        return selected.select("*", *empty)

    at = epoch("ts").alias("at")
    parts = [
        shaped(sources.telemetry, at, *(_scaled(sensor).alias(sensor) for sensor in SENSORS)),
        shaped(sources.errors, at, F.col("error_id")),
        shaped(sources.maint, at, F.col("comp")),
        shaped(_visits(sources.maint), F.col("at"), F.col("visit")),
        shaped(points, epoch("as_of").alias("at"), F.lit(1).alias("is_point")),
    ]
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    return rows.withColumn("end", grid_point_at_or_after(F.col("at")))


def _bins(rows: DataFrame) -> DataFrame:
    """One row per machine and 12-hour bin: sums of its rows, and the latest time of each event."""
    short = F.col("end") - F.col("at") < _SHORT_HOURS * HOUR
    totals = []
    for sensor in SENSORS:
        value = F.col(sensor)
        totals += [
            F.sum(value).alias(f"{sensor}_sum"),
            F.sum(value * value).alias(f"{sensor}_squares"),
            F.count(value).alias(f"{sensor}_count"),
            F.sum(F.when(short, value)).alias(f"{sensor}_short_sum"),
            F.count(F.when(short, value)).alias(f"{sensor}_short_count"),
        ]
    for error in ERRORS:
        seen = F.when(F.col("error_id") == error, F.col("at"))
        totals += [F.count(seen).alias(f"{error}_count"), F.max(seen).alias(f"{error}_at")]
    totals += [F.max(F.when(F.col("comp") == component, F.col("at"))).alias(f"{component}_at") for component in COMPONENTS]
    return rows.groupBy("machine_id", "end").agg(*totals, F.max("visit").alias("visit_at"), F.max("is_point").alias("is_point"))


def _span(start: int, end: int) -> WindowSpec:
    """The bins of the same machine with an end in [T + start, T + end] seconds: a range, so a gap stretches nothing."""
    return Window.partitionBy("machine_id").orderBy("end").rangeBetween(start, end)


def _window_sums() -> list[Column]:
    """Sums over each window; the normal is a difference of two running sums, as a sliding frame would add up 56 bins a row."""
    found = []
    for sensor in SENSORS:
        for part in ("sum", "squares", "count"):
            name = f"{sensor}_{part}"
            for hours in (24, 48):
                found.append(F.sum(name).over(_span(-(hours - GRID_HOURS) * HOUR, 0)).alias(f"{name}_{hours}h"))
            until = F.coalesce(F.sum(name).over(_span(Window.unboundedPreceding, -NORMAL_GAP_HOURS * HOUR)), F.lit(0))
            before = F.coalesce(F.sum(name).over(_span(Window.unboundedPreceding, -NORMAL_HOURS * HOUR)), F.lit(0))
            found.append((until - before).alias(f"{name}_normal"))
    for error in ERRORS:
        for hours in COUNT_WINDOWS:
            found.append(F.sum(f"{error}_count").over(_span(-(hours - GRID_HOURS) * HOUR, 0)).alias(f"{error}_count_{hours}h"))
    latest = [f"{event}_at" for event in (*ERRORS, *COMPONENTS, "visit")]
    return found + [F.max(name).over(_span(Window.unboundedPreceding, 0)).alias(f"{name}_latest") for name in latest]


def _mean(total: str, count: str) -> Column:
    return F.col(total) / F.nullif(F.col(count), F.lit(0)) / _SCALE


def _spread(total: str, squares: str, count: str) -> Column:
    """Sample standard deviation; null below two readings."""
    number = F.col(count)
    centred = F.col(squares) - F.col(total).cast("double") * F.col(total) / number
    return F.when(number > 1, F.sqrt(F.greatest(centred / (number - 1), F.lit(0.0))) / _SCALE)


def _sensor_columns(sensor: str) -> dict[str, Column]:
    names = {_SHORT_HOURS: ("short_sum", "", "short_count"), GRID_HOURS: ("sum", "squares", "count")}
    names |= {hours: (f"sum_{hours}h", f"squares_{hours}h", f"count_{hours}h") for hours in MEAN_WINDOWS if hours not in _INSIDE_BIN}
    full = {hours: tuple(f"{sensor}_{name}" for name in parts) for hours, parts in names.items()}
    means = {hours: _mean(full[hours][0], full[hours][2]) for hours in MEAN_WINDOWS}
    normal = _mean(f"{sensor}_sum_normal", f"{sensor}_count_normal")
    found = {f"{sensor}_mean_{hours}h": means[hours] for hours in MEAN_WINDOWS}
    found |= {f"{sensor}_sd_{hours}h": _spread(*full[hours]) for hours in SPREAD_WINDOWS}
    found |= {f"{sensor}_deviation_{hours}h": means[hours] - normal for hours in DEVIATION_WINDOWS}
    spread = _spread(f"{sensor}_sum_normal", f"{sensor}_squares_normal", f"{sensor}_count_normal")
    return found | {f"{sensor}_normal_mean": normal, f"{sensor}_normal_sd": spread}


def _fewest(suffix: str) -> Column:
    return F.coalesce(F.least(*(F.col(f"{sensor}_{suffix}") for sensor in SENSORS)), F.lit(0))


def _event_columns() -> dict[str, Column]:
    def hours_since(name: str) -> Column:
        return (F.col("end") - F.col(f"{name}_at_latest")) / HOUR

    found: dict[str, Column] = {}
    for error in ERRORS:
        found |= {f"{error}_count_{hours}h": F.col(f"{error}_count_{hours}h") for hours in COUNT_WINDOWS}
        since = hours_since(error)
        found[f"{error}_hours_since"] = F.when(since < NORMAL_HOURS, since)
    for component in COMPONENTS:
        found[f"{component}_age_hours"] = hours_since(component)
        found[f"{component}_never_replaced"] = F.col(f"{component}_at_latest").isNull().cast("int")
    since_visit = F.col("end") - F.col("visit_at_latest")
    found["hours_to_next_visit"] = (_VISIT_PERIOD - since_visit % _VISIT_PERIOD) / HOUR
    found["visit_unknown"] = F.col("visit_at_latest").isNull().cast("int")
    return found


def _feature_columns() -> dict[str, Column]:
    found: dict[str, Column] = {}
    for sensor in SENSORS:
        found |= _sensor_columns(sensor)
    counts = {_SHORT_HOURS: "short_count", GRID_HOURS: "count"} | {hours: f"count_{hours}h" for hours in (24, 48)}
    found |= {f"readings_{hours}h": _fewest(counts[hours]) for hours in MEAN_WINDOWS}
    found["readings_normal"] = _fewest("count_normal")
    return found | _event_columns() | {"machine_model": F.col("model"), "machine_age_years": F.col("age")}


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
    joined = windowed.join(F.broadcast(machines), "machine_id", "left")
    return joined.select("machine_id", F.timestamp_seconds("end").alias("as_of"), *selected)
