"""Rows of the features table, computed from the rows of the sources that they can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.optimizer import without_constant_folding
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.features.compute import Points, SourceFrames, compute_features
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.scenario.feature_set import feature_set


@dataclass(frozen=True)
class Wanted:
    """Points to compute, how many they are, and the entities that they belong to, with their facts."""

    points: Points
    count: int
    fleet: pa.Table


def extent_of(points: DataFrame) -> tuple[int, TimeRange] | None:
    """How many points there are, and their first and last as-of time; None without any."""
    row = points.agg(
        sf.expr("count(*)"), sf.expr("unix_timestamp(min(as_of))"), sf.expr("unix_timestamp(max(as_of))")
    ).first()
    if row is None or not row[0]:
        return None
    return row[0], (datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC))


def wanted_of(fleet: pa.Table, points: DataFrame) -> Wanted | None:
    """These points (entity, as_of), of which each entity is in the fleet; None without any."""
    extent = extent_of(points)
    return Wanted(Points(*extent[1], points), extent[0], fleet) if extent else None


def _sources(tables: Tables, scenario: Scenario, fleet: pa.Table, points: Points) -> SourceFrames:
    """The rows that features of the points can read; where these are only some, of their entities alone."""
    since = points.first - timedelta(hours=feature_set(scenario).longest_window_hours)
    inside = f"{TIME} > {literal(since)} AND {TIME} <= {literal(points.last)}"
    entities = None if points.only is None else points.only.select(scenario.entity.name).distinct()

    def concerned(rows: DataFrame) -> DataFrame:
        return rows if entities is None else rows.join(sf.broadcast(entities), scenario.entity.name, "left_semi")

    coded = {events.name: concerned(tables.read(events.name).where(inside)) for events in scenario.events}
    if scenario.maintenance:
        # All of maintenance, of which there is little: an entity's last visit may be long ago.
        coded[scenario.maintenance.name] = concerned(tables.read(scenario.maintenance.name))
    readings = concerned(tables.read(scenario.readings.name).where(inside))
    return SourceFrames(concerned(tables.spark.createDataFrame(fleet)), readings, coded)


def computed_rows(tables: Tables, scenario: Scenario, wanted: Wanted, run_id: str, *, again: bool) -> DataFrame:
    """The rows of the table for the points wanted: new ones, or known ones `again`, for a join with the old."""
    sources = _sources(tables, scenario, wanted.fleet, wanted.points)
    return compute_features(scenario, sources, wanted.points, joined=again).selectExpr(
        "*",
        f"'{feature_set(scenario).version}' AS feature_set_version",
        f"'{run_id}' AS run_id",
        f"{without_constant_folding('current_timestamp()', 'readings_normal')} AS computed_at",
    )
