"""Computes the features of as-of points from rows of the sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from batchkeeper.delta.query import Query
from batchkeeper.features.query import feature_query
from batchkeeper.scenario.declaration import Scenario


@dataclass(frozen=True)
class SourceFrames:
    """The rows that features read, each without a fault that ingestion should have caught.

    Attributes:
        fleet: one row per entity with its facts.
        coded: events and replacements by the name of their source.
    """

    fleet: DataFrame
    readings: DataFrame
    coded: Mapping[str, DataFrame]


@dataclass(frozen=True)
class Points:
    """As-of points: those of every entity from `first` to `last`, which lie on the grid, or of these `only` some
    (entity, as_of).
    """

    first: datetime
    last: datetime
    only: DataFrame | None = None


def compute_features(scenario: Scenario, sources: SourceFrames, points: Points, *, joined: bool = False) -> DataFrame:
    """The features of `points`: one row a point with the entity, as_of and all features.

    Only rows at or before a point's as-of time enter its features. The sources must hold all rows within the longest
    window before the points; more rows change nothing. With `joined` the result is made for a join to follow.
    """
    frames = {"fleet": sources.fleet, "readings": sources.readings}
    frames |= {f"rows_of_{name}": rows for name, rows in sources.coded.items()}
    if points.only is not None:
        frames["points"] = points.only
    query = feature_query(scenario, only=points.only is not None, joined=joined)
    span = {name: f"{int(time.timestamp())}L" for name, time in (("first", points.first), ("last", points.last))}
    steps = [(name, _with_span(sql, span)) for name, sql in query.steps]
    return Query(frames, steps).run(sources.fleet.sparkSession)


def _with_span(sql: str, span: Mapping[str, str]) -> str:
    for name, seconds in span.items():
        sql = sql.replace(f"{{{name}}}", seconds)
    return sql
