"""Puts simulated drops into the source tables without ingestion, so that the model side is tested on its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pdm import COVERAGE, SCENARIO, SOURCES, TABLES
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.tables.ingestion import INGEST_LOG, source_table, touched_table


def job(schema: str, volume: Path, run_id: str, window: tuple[datetime, datetime] | None = None) -> JobParameters:
    """The parameters of a step of `run_id`."""
    start, end = window or (None, None)
    return JobParameters(run_id, f"batches/{run_id}/manifest.json", start, end, "spark_catalog", schema, str(volume))


def read_drop(tables: Tables, source: str, path: Path) -> DataFrame:
    """The rows of a file of the simulator, under the table's names."""
    spec = next(found for found in SOURCES if found.name == source)
    by_header = {header.lower(): field for field in spec.fields for header in field.headers}
    header = [name.strip('"') for name in path.read_text().split("\n", 1)[0].strip().split(",")]
    schema = ", ".join(f"{by_header[name.lower()].name} {by_header[name.lower()].type}" for name in header)
    return tables.spark.read.csv(str(path), header=True, schema=schema, timestampFormat="yyyy-MM-dd HH:mm:ss")


def store(tables: Tables, source: str, rows: DataFrame, run_id: str) -> None:
    """Inserts rows that the table lacks and notes the span they touched, as ingestion does."""
    spec = next(source_table(one) for one in SOURCES if one.name == source)
    stamped = rows.withColumn("file_id", sf.lit(0).cast("bigint"))
    tables.insert_only_merge(spec, stamped.select(*spec.column_names))
    if source == "machines":
        return
    spans = rows.groupBy("machine_id").agg(sf.min("ts").alias("from_ts"), sf.max("ts").alias("to_ts"))
    marked = spans.select(
        sf.lit(run_id).alias("run_id"), sf.lit(source).alias("source"), "*", sf.current_timestamp().alias("recorded_at")
    )
    tables.append(touched_table(SCENARIO), marked, f"touched-{run_id}-{source}")


def cover(tables: Tables, source: str, covers: tuple[datetime, datetime] | None, run_id: str, path: str) -> None:
    """Notes in the ingest log that a file of `source` was read and which span it stands for."""
    values = {"run_id": run_id, "source": source, "source_path": path, "status": "read"}
    values |= {"covers_from": covers[0], "covers_to": covers[1]} if covers else {}
    row = tuple(values.get(name) for name in INGEST_LOG.column_names)
    tables.append(INGEST_LOG, tables.spark.createDataFrame([row], INGEST_LOG.schema), f"log-{run_id}-{path}")


def load_drops(tables: Tables, folder: Path, run_id: str) -> None:
    """Loads every drop under `folder`."""
    tables.ensure(*TABLES)
    for source in SOURCES:
        for path in sorted((folder / source.name).glob("*.csv")):
            store(tables, source.name, read_drop(tables, source.name, path), run_id)
            cover(
                tables, source.name, COVERAGE.covers(f"{source.name}/{path.name}"), run_id, f"{source.name}/{path.name}"
            )


def span(start: datetime, days: int) -> tuple[datetime, datetime]:
    """`days` days from `start`."""
    return start, start + timedelta(days=days)
