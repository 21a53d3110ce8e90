"""Readings per entity and day, for sources with a fixed step: how many of the expected ones are there, and how fresh the newest is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.frames import apart
from batchkeeper.log import LogEntry
from batchkeeper.sources import Scenario, Source
from batchkeeper.tables import Tables, literal
from batchkeeper.tallies import tallied

_MAX_LISTED = 1000
_DAY = timedelta(days=1)


def covered_days(entries: Iterable[LogEntry], source: Source) -> set[date]:
    """The days that the files of `source` that were read stand for."""
    found: set[date] = set()
    for entry in entries:
        if entry.file.source == source.name and entry.status == "read" and entry.covers:
            start, end = (moment.date() for moment in entry.covers)
            found.update(start + _DAY * number for number in range(1, (end - start).days + 1))
    return found


def update_completeness(
    tables: Tables, scenario: Scenario, run_id: str, days: Mapping[Source, Iterable[date]], tallies: Mapping[Source, DataFrame]
) -> list[dict[str, Any]]:
    """Counts the days again and writes only what differs; returns the entity-days that lack readings, at most 1000.

    `tallies` (see batchkeeper.tallies) stand for all rows of a source; other sources are counted in their tables.
    """
    found: list[dict[str, Any]] = []
    for source, wanted in days.items():
        if source.step and source.time and (ordered := sorted(wanted)):
            counted = tallies[source] if source in tallies else _tallies(tables, scenario, source, ordered)
            found += _update(tables, scenario, source, run_id, ordered, _counted(tables, scenario, source, ordered, counted))
    return found[:_MAX_LISTED]


def _update(tables: Tables, scenario: Scenario, source: Source, run_id: str, days: list[date], counted: DataFrame) -> list[dict[str, Any]]:
    spec = scenario.completeness

    def stored() -> DataFrame:
        return tables.read(spec.name).where(f"source = '{source.name}' AND day IN ({_listed(days)})")

    if stored().isEmpty():
        # What is not stored needs no comparison.
        tables.append(spec, counted.repartition(1), f"{run_id}:{source.name}:{spec.name}")
    else:
        old = stored().selectExpr(*spec.key, "struct(readings, last_ts) AS old")
        differs = counted.join(old, list(spec.key), "left").where("NOT struct(readings, last_ts) <=> old").drop("old")
        if not differs.isEmpty():
            tables.upsert(spec, differs)
    short = (
        stored()
        .where("readings < expected")
        .selectExpr(
            f"'{source.name}' AS source",
            "CAST(day AS STRING) AS day",
            f"{scenario.entity.name} AS entity",
            "readings",
            "expected",
            "date_format(last_ts, \"yyyy-MM-dd'T'HH:mm:ss'Z'\") AS lastTs",
        )
    )
    return [row.asDict() for row in short.orderBy("day", "entity").limit(_MAX_LISTED).collect()]


def _listed(days: Iterable[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in days)


def _tallies(tables: Tables, scenario: Scenario, source: Source, days: list[date]) -> DataFrame:
    """The rows that the table holds of these days."""
    shift = timedelta(hours=scenario.coverage.hour)
    first, last = (datetime.combine(day, time(), UTC) + shift for day in (days[0] - _DAY, days[-1]))
    rows = tables.read(source.name).where(f"{source.time} > {literal(first)} AND {source.time} <= {literal(last)}")
    return tallied(rows, source, scenario.entity.name, scenario.coverage)


def _counted(tables: Tables, scenario: Scenario, source: Source, days: list[date], tallies: DataFrame) -> DataFrame:
    """One row for each entity and day, also where nothing came."""
    entity = scenario.entity.name
    counts = tallies.groupBy(sf.col("entity").alias(entity), "day").agg(
        sf.expr("CAST(sum(rows) AS INT)").alias("readings"), sf.expr("timestamp_micros(max(last))").alias("last_ts")
    )
    snapshot = next((known for known in scenario.sources if known.time is None), source)
    every = tables.read(snapshot.name).select(entity).distinct().withColumn("day", sf.explode(sf.expr(f"array({_listed(days)})")))
    return every.join(counts, [entity, "day"], "left").selectExpr(
        f"'{source.name}' AS source",
        entity,
        "day",
        "coalesce(readings, 0) AS readings",
        f"{_DAY // (source.step or _DAY)} AS expected",
        "last_ts",
        f"{apart('current_timestamp()', 'readings')} AS counted_at",
    )
