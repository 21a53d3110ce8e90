"""What a run wrote into the tables: accepted rows per file, the days and the spans it touched; a repetition of the run
finds the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.source import Source
from batchkeeper.tables.ingestion import touched_table

# Rows further apart than this belong to different spans.
_GAP = timedelta(hours=48)

Spans = Mapping[Source, TimeRange | None]


@dataclass(frozen=True)
class WrittenRows:
    """Rows that stand in the tables, by drop path; and per source the days (as in the names of drops) that hold any."""

    accepted: Counter[str] = field(default_factory=Counter)
    days: dict[str, set[date]] = field(default_factory=dict)

    def add(self, source: str, path: str, rows: int, days: set[date]) -> None:
        """Notes `rows` rows of the drop at `path` that lie in `days`."""
        self.accepted[path] += rows
        self.days.setdefault(source, set()).update(days)


def read_written_rows(tables: Tables, files: DataFrame, scenario: Scenario, spans: Spans) -> WrittenRows:
    """Reads what a run wrote: the rows of its `named_files`. `spans`: per source the range of time (ends included) that
    holds them all.
    """
    written = WrittenRows()
    if not spans:
        return written
    days = f"CAST({scenario.coverage.day_of('at')} AS STRING)"
    rows = [
        _of_source(tables, files, source, span).select("source", "source_path", "at") for source, span in spans.items()
    ]
    counts = reduce(DataFrame.unionAll, rows).groupBy("source", "source_path", sf.expr(days).alias("day")).count()
    for source, path, day, count in counts.collect():
        written.add(source, path, count, {date.fromisoformat(day)})
    return written


def record_touched(
    tables: Tables,
    run_id: str,
    files: DataFrame,
    scenario: Scenario,
    spans: Spans,
    row_counts: Mapping[Source, DataFrame],
) -> None:
    """Stores the spans per source and entity in which the run wrote rows, once per run, in one commit.

    `row_counts` (see batchkeeper.ingestion.rows.row_counts) stand for all that the run wrote of a source; other sources
    are read from their tables, and so are snapshots, as row counts do not know when their files came.
    """
    parts = [
        _days_of_row_counts(source, row_counts[source])
        if source in row_counts and source.time
        else _days_of_table(tables, files, scenario, source, span)
        for source, span in spans.items()
    ]
    days = reduce(DataFrame.unionAll, parts)
    spread = _joined(days) if any(_is_long(span) for span in spans.values()) else _whole(days)
    touched = spread.withColumnsRenamed({"entity": scenario.entity.name})
    stamped = touched.withColumns({"run_id": sf.lit(run_id), "recorded_at": sf.current_timestamp()})
    spec = touched_table(scenario)
    tables.append(spec, stamped.repartition(1), f"{run_id}:{spec.name}")


def _days_of_row_counts(source: Source, row_counts: DataFrame) -> DataFrame:
    return row_counts.selectExpr(
        f"'{source.name}' AS source",
        "entity",
        "day",
        "timestamp_micros(first) AS start",
        "timestamp_micros(last) AS end",
    )


def _days_of_table(
    tables: Tables, files: DataFrame, scenario: Scenario, source: Source, span: TimeRange | None
) -> DataFrame:
    rows = _of_source(tables, files, source, span)
    day = scenario.coverage.day_of("at")
    return rows.selectExpr("source", f"{scenario.entity.name} AS entity", f"{day} AS day", "at AS start", "at AS end")


def _is_long(span: TimeRange | None) -> bool:
    # A snapshot has no range: its times are those of its files.
    return span is not None and span[1] - span[0] > _GAP


def _whole(days: DataFrame) -> DataFrame:
    """One span per source and entity: a night's rows lie too close together for two."""
    return days.groupBy("source", "entity").agg(sf.min("start").alias("from_ts"), sf.max("end").alias("to_ts"))


def _joined(days: DataFrame) -> DataFrame:
    """Spans per source and entity, parted where no row lies for longer than the gap."""
    daily = days.groupBy("source", "entity", "day").agg(sf.min("start").alias("start"), sf.max("end").alias("end"))
    sessions = daily.groupBy("source", "entity", sf.session_window("start", f"{int(_GAP.total_seconds())} seconds"))
    return sessions.agg(sf.min("start").alias("from_ts"), sf.max("end").alias("to_ts")).select(
        "source", "entity", "from_ts", "to_ts"
    )


def _of_source(tables: Tables, files: DataFrame, source: Source, span: TimeRange | None) -> DataFrame:
    """The rows of the files in one source: `source`, `at`, `source_path` and the columns of its table."""
    rows = tables.read(source.name)
    if span and source.time:
        rows = rows.where(f"{source.time} BETWEEN {literal(span[0])} AND {literal(span[1])}")
    known = files.select("file_id", "source_path", "source_modified")
    # A snapshot has no time of its own: its rows count from the moment of delivery.
    return rows.join(sf.broadcast(known), "file_id").selectExpr(
        "*", f"'{source.name}' AS source", f"{source.time or 'source_modified'} AS at"
    )
