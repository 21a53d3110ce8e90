"""Typed rows kept as Parquet for the time of a run: a large file is read and parsed once, not for each pass over its rows."""

from __future__ import annotations

import uuid
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.rules import CompiledRules


def staged(rows: DataFrame, rules: CompiledRules, folder: Path) -> DataFrame:
    """The rows of `read_rows`, from a copy in `folder`, whose owner deletes it. Of sound rows the raw text is left out.

    Each call has a copy of its own. An attempt that ends clears the folder: another one of the same run then fails and is repeated.
    """
    copy = str(folder / f"rows-{uuid.uuid4().hex}")
    rejected = sf.col("mask").bitwiseAND(sf.lit(rules.bits("quarantine", "fail")).cast("bigint")) != 0
    rows.withColumn("raw", sf.when(rejected, sf.col("raw"))).write.parquet(copy)
    return rows.sparkSession.read.schema(rows.schema).parquet(copy)
