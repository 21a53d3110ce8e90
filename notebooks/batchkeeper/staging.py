"""Rows kept as Parquet for the time of a run: a large file is read and parsed once, not for each pass over its rows."""

from __future__ import annotations

import uuid
from pathlib import Path

from pyspark.sql import DataFrame


def staged(rows: DataFrame, folder: Path) -> DataFrame:
    """The rows, from a copy in `folder`, whose owner deletes it. Each call has a copy of its own."""
    copy = str(folder / f"rows-{uuid.uuid4().hex}")
    # Read once or twice and deleted: looking for repeated values costs more than it saves.
    rows.write.option("parquet.enable.dictionary", "false").parquet(copy)
    return rows.sparkSession.read.schema(rows.schema).parquet(copy)
