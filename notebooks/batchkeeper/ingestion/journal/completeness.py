"""Readings per entity and day, for sources with a fixed step: how many of the expected ones are there, and how fresh
the newest is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.optimizer import without_constant_folding
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.ingestion.journal.attendance import Attendance
from batchkeeper.ingestion.journal.log import LogEntry
from batchkeeper.ingestion.journal.snapshots import read_statements, standing
from batchkeeper.ingestion.rows.row_counts import one_count_per_row
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.source import Source
from batchkeeper.tables.ingestion import completeness_table

_MAX_LISTED = 1000
_DAY = timedelta(days=1)
_QUIET_DAYS = 7
"""Where no fleet says who is there, nothing is expected any more of whoever has sent nothing for so many days."""


def covered_days(entries: Iterable[LogEntry], source: Source, coverage: CoverageRule) -> set[date]:
    """The days that the files of `source` that were read stand for."""
    found: set[date] = set()
    for entry in entries:
        if entry.file.source == source.name and entry.status == "read" and entry.covers:
            found.update(coverage.days(entry.covers))
    return found


def update_completeness(
    tables: Tables,
    scenario: Scenario,
    run_id: str,
    days: Mapping[Source, Iterable[date]],
    row_counts: Mapping[Source, DataFrame],
) -> list[dict[str, Any]]:
    """Counts the days again and writes only what differs; returns the entity-days that lack readings, at most 1000.

    Days of which the run's snapshots say anew who was there are counted too, so the snapshots must be recorded before.

    `row_counts` (see batchkeeper.ingestion.rows.row_counts) stand for all rows of a source; other sources are counted
    in their tables.
    """
    found: list[dict[str, Any]] = []
    before, now = _attendances(tables, scenario, run_id)
    for source, wanted in days.items():
        if not source.step or not source.time:
            continue
        judged = (
            _newly_judged(tables, scenario, source, before, now)
            if _snapshot_source(scenario)
            else _following(tables, scenario, source, wanted)
        )
        if ordered := sorted({*wanted, *judged}):
            counted = row_counts[source] if source in row_counts else _row_counts(tables, scenario, source, ordered)
            found += _update(
                tables, scenario, source, run_id, ordered, _counted(tables, scenario, source, ordered, counted, now)
            )
    return found[:_MAX_LISTED]


def _attendances(tables: Tables, scenario: Scenario, run_id: str) -> tuple[Attendance, Attendance]:
    """By the snapshots without those of this run, and by all."""
    snapshot = _snapshot_source(scenario)
    statements = read_statements(tables, snapshot.name, scenario.entity.type) if snapshot else []
    others = [said for said in statements if said.run_id != run_id]
    return Attendance(standing(others), scenario.coverage), Attendance(standing(statements), scenario.coverage)


def _snapshot_source(scenario: Scenario) -> Source | None:
    return next((source for source in scenario.sources if source.time is None), None)


def _newly_judged(
    tables: Tables, scenario: Scenario, source: Source, before: Attendance, now: Attendance
) -> list[date]:
    """The days in the table on which others are present now than before."""
    if now.agrees_with(before):
        return []
    return [day for day in _days(tables, scenario, source) if now.present(day) != before.present(day)]


def _following(tables: Tables, scenario: Scenario, source: Source, days: Iterable[date]) -> list[date]:
    """The days in the table that the days of the run say something of: whoever sends is expected on the days after."""
    near = {day + _DAY * number for day in days for number in range(1, _QUIET_DAYS + 1)}
    return [day for day in _days(tables, scenario, source) if day in near] if near else []


def _days(tables: Tables, scenario: Scenario, source: Source) -> list[date]:
    """The days in the table."""
    days = tables.read(completeness_table(scenario).name).where(f"source = '{source.name}'").select("day").distinct()
    return [day for (day,) in days.collect()]


def _update(
    tables: Tables, scenario: Scenario, source: Source, run_id: str, days: list[date], counted: DataFrame
) -> list[dict[str, Any]]:
    spec = completeness_table(scenario)

    def stored() -> DataFrame:
        return tables.read(spec.name).where(f"source = '{source.name}' AND day IN ({_listed(days)})")

    if stored().isEmpty():
        # What is not stored needs no comparison.
        tables.append(spec, counted.repartition(1), f"{run_id}:{source.name}:{spec.name}")
    else:
        values = "struct(readings, expected, last_ts)"
        old = stored().selectExpr(*spec.key, f"{values} AS old")
        differs = counted.join(old, list(spec.key), "left").where(f"NOT {values} <=> old").drop("old")
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


def _row_counts(tables: Tables, scenario: Scenario, source: Source, days: list[date]) -> DataFrame:
    """The rows that the table holds of these days, and of those by which somebody is expected on them."""
    first, last = (scenario.coverage.ends(day) for day in (days[0] - _DAY * (_QUIET_DAYS + 1), days[-1]))
    rows = tables.read(source.name).where(f"{source.time} > {literal(first)} AND {source.time} <= {literal(last)}")
    return one_count_per_row(rows, source, scenario.entity.name, scenario.coverage)


def _counted(
    tables: Tables, scenario: Scenario, source: Source, days: list[date], row_counts: DataFrame, attendance: Attendance
) -> DataFrame:
    """One row for each entity and day, also where nothing came. Of who is not present all day nothing is expected."""
    snapshot = _snapshot_source(scenario)
    before = () if snapshot else (day - _DAY * number for day in days for number in range(1, _QUIET_DAYS + 1))
    entity = scenario.entity.name
    counts = row_counts.groupBy(sf.col("entity").alias(entity), "day").agg(
        sf.expr("CAST(sum(rows) AS INT)").alias("readings"), sf.expr("timestamp_micros(max(last))").alias("last_ts")
    )
    listed = f"explode(array({_listed(sorted({*days, *before}))})) AS day"
    every = tables.read((snapshot or source).name).select(entity).distinct().selectExpr(entity, listed)
    rows, expected = every.join(counts, [entity, "day"], "left"), str(_DAY // (source.step or _DAY))
    if absences := attendance.absences(days):
        columns = [("absent", scenario.entity.type), ("first", "int"), ("last", "int")]
        frame = small_frame(tables.spark, columns, [(who, *map(_number, span)) for who, *span in absences])
        within = sf.expr(f"{entity} = absent AND unix_date(day) BETWEEN first AND last")
        rows, expected = rows.join(sf.broadcast(frame), within, "left"), f"IF(absent IS NULL, {expected}, 0)"
    if not snapshot:
        lately = f"unix_date(day) RANGE BETWEEN {_QUIET_DAYS} PRECEDING AND 1 PRECEDING"
        sent = f"count(readings) OVER (PARTITION BY {entity} ORDER BY {lately}) > 0 AS sent"
        rows = rows.selectExpr("*", sent).where(f"day IN ({_listed(days)})")
        expected = f"IF(sent, {expected}, 0)"
    return rows.selectExpr(
        f"'{source.name}' AS source",
        entity,
        "day",
        "coalesce(readings, 0) AS readings",
        f"{expected} AS expected",
        "last_ts",
        f"{without_constant_folding('current_timestamp()', 'readings')} AS counted_at",
    )


def _number(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days
