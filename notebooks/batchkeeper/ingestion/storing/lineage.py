"""Which file a row came from: one number a row, and a table that says what the number stands for.

Path, ETag and times of a file, repeated on every row, took a third of the time of writing a large delivery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.tables.ingestion import INGEST_FILES, LINEAGE


def file_id(run_id: str, file: ManifestFile) -> int:
    """The number of a file in a run: the same in every attempt, and never negative."""
    digest = hashlib.sha256("\0".join((run_id, file.path, file.etag)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def named_files(spark: SparkSession, run_id: str, files: Sequence[ManifestFile]) -> DataFrame:
    """The files of a run as rows of `ingest_files`, without the time of writing."""
    columns = [(column.name, column.type) for column in INGEST_FILES.columns if not column.volatile]
    rows = [
        (file_id(run_id, file), run_id, file.source, file.path, file.etag, file.modified.timestamp()) for file in files
    ]
    return small_frame(spark, columns, rows)


def record_files(tables: Tables, run_id: str, files: DataFrame) -> None:
    """Stores the `named_files` of a run, once per run. To be done before any of their rows are stored."""
    stamped = files.withColumn("recorded_at", sf.current_timestamp())
    tables.append(INGEST_FILES, stamped.coalesce(1), f"{run_id}:{INGEST_FILES.name}")


def with_lineage(tables: Tables, rows: DataFrame) -> DataFrame:
    """Adds the columns of LINEAGE to rows that have a `file_id`."""
    files = tables.read(INGEST_FILES.name).select("file_id", *LINEAGE)
    return rows.join(sf.broadcast(files), "file_id", "left")
