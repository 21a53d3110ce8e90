"""What a run left in the tables: accepted rows per file, and the spans it touched; read from the rows' lineage, so repeatable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.sources import Scenario, Source
from batchkeeper.tables import Tables, TimeRange, literal

# Rows further apart than this belong to different spans.
_GAP = "48 hours"

Spans = Mapping[Source, TimeRange | None]


def accepted_by_file(tables: Tables, run_id: str, spans: Spans) -> dict[str, int]:
    """Drop path -> rows of it that stand in the tables. `spans`: per source the range of time (both ends included) that holds them all."""
    counts = [_written(tables, run_id, source, span).groupBy("source_path").count() for source, span in spans.items()]
    if not counts:
        return {}
    return {str(path): int(count) for path, count in reduce(DataFrame.unionByName, counts).collect()}


def record_touched(tables: Tables, run_id: str, scenario: Scenario, spans: Spans) -> int:
    """Stores the spans per source and entity in which the run wrote rows, once per run, in one commit; returns how many are new."""
    if not spans or not tables.read(scenario.touched.name).where(sf.col("run_id") == run_id).isEmpty():
        return 0
    found = [_touched(_written(tables, run_id, source, span), scenario, source) for source, span in spans.items()]
    rows = reduce(DataFrame.unionByName, found)
    return tables.insert_only_merge(
        scenario.touched, rows.withColumn("run_id", sf.lit(run_id)).withColumn("recorded_at", sf.current_timestamp())
    )


def _written(tables: Tables, run_id: str, source: Source, span: TimeRange | None) -> DataFrame:
    rows = tables.read(source.name).where(sf.col("run_id") == run_id)
    if span and source.time:
        rows = rows.where(f"{source.time} BETWEEN {literal(span[0])} AND {literal(span[1])}")
    return rows


def _touched(rows: DataFrame, scenario: Scenario, source: Source) -> DataFrame:
    entity = scenario.entity.name
    # A snapshot has no time of its own: its rows count from the moment of delivery.
    time = sf.col(source.time) if source.time else sf.col("source_modified")
    daily = rows.groupBy(entity, sf.to_date(time).alias("day")).agg(sf.min(time).alias("start"), sf.max(time).alias("end"))
    spans = daily.groupBy(entity, sf.session_window("start", _GAP)).agg(sf.min("start").alias("from_ts"), sf.max("end").alias("to_ts"))
    return spans.select(sf.lit(source.name).alias("source"), entity, "from_ts", "to_ts")
