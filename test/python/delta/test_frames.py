"""Small frames of nothing, which Spark Connect (`pytest --connect`) takes less willingly than a session of its own."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from batchkeeper.delta.frames import from_arrow, small_frame, with_facts


@pytest.mark.parametrize("rows", [[], [(1, "a", 0.5)], [(1, "a", 0.5), (2, None, 1.5)]], ids=["none", "one", "two"])
def test_a_frame_has_its_columns_whatever_rows_it_has(spark: SparkSession, rows: list[tuple[object, ...]]) -> None:
    plain = small_frame(spark, [("n", "bigint"), ("text", "string"), ("x", "double")], rows)
    timed = small_frame(spark, [("n", "bigint"), ("text", "string"), ("at", "timestamp")], rows)

    assert plain.dtypes == [("n", "bigint"), ("text", "string"), ("x", "double")]
    assert timed.dtypes == [("n", "bigint"), ("text", "string"), ("at", "timestamp")]
    assert [tuple(row) for row in plain.orderBy("n").collect()] == rows
    assert timed.count() == len(rows)


def test_lists_and_maps_without_rows_keep_their_types(spark: SparkSession) -> None:
    frame = small_frame(spark, [("words", "array<string>"), ("counts", "map<string,bigint>"), ("yes", "boolean")], [])

    assert [kind for _, kind in frame.dtypes] == ["array<string>", "map<string,bigint>", "boolean"]


def test_a_table_without_rows_has_the_schema_of_its_frame(spark: SparkSession) -> None:
    counted = spark.range(3).selectExpr("CAST(id AS INT) AS rank", "DATE'2015-11-01' AS day").where("rank > 9")
    table: pa.Table = counted.toArrow()

    assert from_arrow(spark, table, counted.schema).dtypes == counted.dtypes


def test_facts_without_times_are_told_of_every_row(spark: SparkSession) -> None:
    rows = spark.range(2).withColumnRenamed("id", "rank")

    told = with_facts(rows, [("rank", "bigint"), ("source", "string")], [(0, "x"), (1, "x")], "rank")

    assert [row.source for row in told.collect()] == ["x", "x"]
