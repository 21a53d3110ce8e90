"""Small frames from values that the driver holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import StructType

from batchkeeper.delta.optimizer import without_constant_folding

_TYPES = {
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
}


def small_frame(spark: SparkSession, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> DataFrame:
    """A frame of `rows` under `columns` (name, Spark type); a timestamp is given in seconds since 1970.

    By way of Arrow it becomes part of the plan. From a list it would be an RDD: each use would start a job, three times
    as slow.
    """
    arrays = [
        pa.array(
            [list(row[place].items()) if isinstance(row[place], dict) else row[place] for row in rows], _TYPES[kind]
        )
        for place, (_, kind) in enumerate(columns)
    ]
    given = ", ".join(f"`{name}` {'double' if kind == 'timestamp' else kind}" for name, kind in columns)
    frame = from_arrow(spark, pa.table(arrays, names=[name for name, _ in columns]), given)
    return with_columns(frame, {name: sf.col(name).cast(kind) for name, kind in columns if kind == "timestamp"})


def with_columns(frame: DataFrame, added: dict[str, Column]) -> DataFrame:
    """`DataFrame.withColumns`, of which Spark Connect takes no empty set."""
    return frame.withColumns(added) if added else frame


def from_arrow(spark: SparkSession, table: pa.Table, schema: StructType | str) -> DataFrame:
    """A frame of a table that the driver holds. Spark Connect infers no schema from a table without rows."""
    return spark.createDataFrame(table) if table.num_rows > 0 else spark.createDataFrame(table, schema)


def with_facts(
    rows: DataFrame, columns: Sequence[tuple[str, str]], facts: Sequence[Sequence[Any]], counter: str
) -> DataFrame:
    """Adds to each row what is known under its key: null where nothing is.

    Args:
        columns: the key, which `rows` have, and the columns to add (name, Spark type).
        facts: a value for each of them. Where all keys mean the same, as those of a single file do, every row is told
            so without a join.
        counter: a column of `rows` that is never negative.
    """
    key, *added = columns
    times = [name for name, kind in added if kind == "timestamp"]
    different = {tuple(values) for _, *values in facts}
    if len(different) == 1:
        told = rows.withColumns(
            {name: sf.lit(value).cast(kind) for (name, kind), value in zip(added, different.pop(), strict=True)}
        )
        return with_columns(told, {name: sf.expr(without_constant_folding(name, counter)) for name in times})
    return rows.join(sf.broadcast(small_frame(rows.sparkSession, columns, facts)), key[0], "left")
