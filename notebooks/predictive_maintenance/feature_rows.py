"""Rows of the features table, computed from the rows of the sources that they can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.frames import apart
from batchkeeper.tables import Tables, TimeRange, literal
from predictive_maintenance.feature_set import FEATURE_SET_VERSION, longest_window_hours
from predictive_maintenance.features import Points, SourceFrames, compute_features


@dataclass(frozen=True)
class Wanted:
    """Points to compute, how many they are, and the machines that they belong to."""

    points: Points
    count: int
    fleet: pa.Table


def extent_of(points: DataFrame) -> tuple[int, TimeRange] | None:
    """How many points there are, and their first and last as-of time; None without any."""
    row = points.agg(sf.expr("count(*)"), sf.expr("unix_timestamp(min(as_of))"), sf.expr("unix_timestamp(max(as_of))")).first()
    if row is None or not row[0]:
        return None
    return row[0], (datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC))


def wanted_of(fleet: pa.Table, points: DataFrame) -> Wanted | None:
    """These points (machine_id, as_of), of which each machine is in the fleet; None without any."""
    extent = extent_of(points)
    return Wanted(Points(*extent[1], points), extent[0], fleet) if extent else None


def _sources(tables: Tables, fleet: pa.Table, points: Points) -> SourceFrames:
    """The rows that features of the points can read; where these are only some, of their machines alone."""
    since = points.first - timedelta(hours=longest_window_hours())
    inside = f"ts > {literal(since)} AND ts <= {literal(points.last)}"
    # All of maintenance, of which there is little: a machine's last visit may be long ago.
    timed = [tables.read("telemetry").where(inside), tables.read("errors").where(inside), tables.read("maint")]
    frames = [tables.spark.createDataFrame(fleet), *timed]
    if points.only is not None:
        machines = points.only.select("machine_id").distinct()
        frames = [frame.join(sf.broadcast(machines), "machine_id", "left_semi") for frame in frames]
    return SourceFrames(*frames)


def computed_rows(tables: Tables, wanted: Wanted, run_id: str, *, again: bool) -> DataFrame:
    """The rows of the table for the points wanted: new ones, or known ones `again`, for a join with the old."""
    points = wanted.points
    features = compute_features(_sources(tables, wanted.fleet, points), points, joined=again)
    return features.selectExpr(
        "*",
        f"'{FEATURE_SET_VERSION}' AS feature_set_version",
        f"'{run_id}' AS run_id",
        f"{apart('current_timestamp()', 'readings_normal')} AS computed_at",
    )
