"""Readings per entity and day, for sources with a fixed step: how many of the expected ones are there, and how fresh the newest is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from batchkeeper.sources import INGEST_LOG, Scenario, Source
from batchkeeper.tables import Tables, literal

_MAX_LISTED = 1000
_DAY = timedelta(days=1)


def record_completeness(tables: Tables, scenario: Scenario, run_id: str) -> None:
    """Counts again the days that this run covered or touched; writes only what differs."""
    for source in scenario.sources:
        if not source.step or not source.time:
            continue
        days = _days_of_run(tables, scenario, source, run_id)
        if not days:
            continue
        counted = _counted(tables, scenario, source, days)
        spec = scenario.completeness
        if tables.read(spec.name).isEmpty() and tables.append(spec, counted.coalesce(1), f"{run_id}:{source.name}:{spec.name}"):
            continue
        stored = tables.read(spec.name).select(*spec.key, sf.struct("readings", "last_ts").alias("old"))
        compared = counted.join(stored, list(spec.key), "left").where(~sf.struct("readings", "last_ts").eqNullSafe(sf.col("old")))
        if compared.isEmpty():
            continue
        tables.insert_only_merge(spec, compared.where("old IS NULL").drop("old"))
        tables.update_changed(spec, compared.where("old IS NOT NULL").drop("old"))


def incomplete_days(tables: Tables, scenario: Scenario, run_id: str) -> list[dict[str, Any]]:
    """The entity-days of this run that lack readings; at most 1000 are listed."""
    found: list[dict[str, Any]] = []
    for source in scenario.sources:
        if not source.step or not source.time or not (days := _days_of_run(tables, scenario, source, run_id)):
            continue
        rows = tables.read(scenario.completeness.name).where((sf.col("source") == source.name) & sf.col("day").isin(days))
        short = rows.where("readings < expected").orderBy("day", scenario.entity.name).limit(_MAX_LISTED)
        columns = [
            scenario.entity.name,
            sf.col("day").cast("string"),
            "readings",
            "expected",
            sf.date_format("last_ts", "yyyy-MM-dd'T'HH:mm:ss'Z'"),
        ]
        for entity, day, readings, expected, last in short.select(*columns).collect():
            found.append({"source": source.name, "entity": entity, "day": day, "readings": readings, "expected": expected, "lastTs": last})
    return found[:_MAX_LISTED]


def _days_of_run(tables: Tables, scenario: Scenario, source: Source, run_id: str) -> list[date]:
    """The days that files of this run stand for, and those in which it wrote rows."""
    mine = (sf.col("run_id") == run_id) & (sf.col("source") == source.name)
    files = tables.read(INGEST_LOG.name).where(mine & (sf.col("status") == "read") & sf.col("covers_to").isNotNull())
    covered = files.select(sf.expr("sequence(date_add(to_date(covers_from), 1), to_date(covers_to))").alias("days"))
    start, end = (_day_of(sf.col(name), scenario) for name in ("from_ts", "to_ts"))
    touched = tables.read(scenario.touched.name).where(mine).select(sf.sequence(start, end).alias("days"))
    days = covered.union(touched).select(sf.explode("days").alias("day")).distinct().select(sf.col("day").cast("string")).collect()
    return sorted(date.fromisoformat(row[0]) for row in days)


def _day_of(moment: Column, scenario: Scenario) -> Column:
    """The day whose file holds `moment`."""
    shift = f"INTERVAL {scenario.coverage.hour} HOURS + INTERVAL 1 MICROSECOND"
    return sf.date_add(sf.to_date(moment - sf.expr(shift)), 1)


def _counted(tables: Tables, scenario: Scenario, source: Source, days: list[date]) -> DataFrame:
    """One row for each entity and day, also where nothing came."""
    entity = scenario.entity.name
    moment = source.time or ""
    step = source.step or _DAY
    shift = timedelta(hours=scenario.coverage.hour)
    first, last = (datetime.combine(day, time(), UTC) + shift for day in (days[0] - _DAY, days[-1]))
    rows = tables.read(source.name).where(f"{moment} > {literal(first)} AND {moment} <= {literal(last)}")
    counts = rows.groupBy(entity, _day_of(sf.col(moment), scenario).alias("day")).agg(
        sf.count("*").cast("int").alias("readings"), sf.max(moment).alias("last_ts")
    )
    snapshot = next((known for known in scenario.sources if known.time is None), source)
    wanted = tables.spark.createDataFrame([(day,) for day in days], "day date")
    every = tables.read(snapshot.name).select(entity).distinct().crossJoin(sf.broadcast(wanted))
    joined = every.join(counts, [entity, "day"], "left")
    return joined.select(
        sf.lit(source.name).alias("source"),
        entity,
        "day",
        sf.coalesce("readings", sf.lit(0)).alias("readings"),
        sf.lit(_DAY // step).cast("int").alias("expected"),
        "last_ts",
        sf.current_timestamp().alias("counted_at"),
    )
