"""What a run left in the tables: accepted rows per file, and the spans it touched; read from the rows' lineage, so repeatable."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.sources import Scenario, Source
from batchkeeper.tables import Tables, TimeRange, literal

# Rows further apart than this belong to different spans.
_GAP = "48 hours"


def written_rows(tables: Tables, run_id: str, source: Source, span: TimeRange | None) -> DataFrame:
    """The rows of `source` that carry this run's id; `span` (both ends included) must hold them all."""
    rows = tables.read(source.name).where(sf.col("run_id") == run_id)
    if span and source.time:
        rows = rows.where(f"{source.time} BETWEEN {literal(span[0])} AND {literal(span[1])}")
    return rows


def accepted_by_file(tables: Tables, run_id: str, source: Source, span: TimeRange | None) -> dict[str, int]:
    """Drop path -> rows of it that stand in the table."""
    counted = written_rows(tables, run_id, source, span).groupBy("source_path").count().collect()
    return {str(path): int(count) for path, count in counted}


def record_touched(tables: Tables, run_id: str, scenario: Scenario, source: Source, span: TimeRange | None) -> int:
    """Stores the spans per entity in which the run wrote rows of `source`, once per run and source; returns how many are new."""
    known = tables.read(scenario.touched.name).where((sf.col("run_id") == run_id) & (sf.col("source") == source.name))
    if not known.isEmpty():
        return 0
    entity = scenario.entity.name
    rows = written_rows(tables, run_id, source, span)
    # A snapshot has no time of its own: its rows count from the moment of delivery.
    time = sf.col(source.time) if source.time else sf.col("source_modified")
    daily = rows.groupBy(entity, sf.to_date(time).alias("day")).agg(sf.min(time).alias("start"), sf.max(time).alias("end"))
    spans = daily.groupBy(entity, sf.session_window("start", _GAP)).agg(sf.min("start").alias("from_ts"), sf.max("end").alias("to_ts"))
    return tables.insert_only_merge(
        scenario.touched,
        spans.select(
            sf.lit(run_id).alias("run_id"),
            sf.lit(source.name).alias("source"),
            entity,
            "from_ts",
            "to_ts",
            sf.current_timestamp().alias("recorded_at"),
        ),
    )
