"""Small frames from values that the driver holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

_TYPES = {
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "array<string>": pa.list_(pa.string()),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
}


def small_frame(spark: SparkSession, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> DataFrame:
    """A frame of `rows` under `columns` (name, Spark type).

    By way of Arrow it becomes part of the plan. From a list it would be an RDD: each use would start a job, three times as slow.
    """
    arrays = [
        pa.array([list(row[place].items()) if isinstance(row[place], dict) else row[place] for row in rows], _TYPES[kind])
        for place, (_, kind) in enumerate(columns)
    ]
    return spark.createDataFrame(pa.table(arrays, names=[name for name, _ in columns]))
