"""Delta helpers on real Spark: creation, versions, the two merges, appends, and the retry of conflicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession

from batchkeeper.delta.retries import retrying
from batchkeeper.delta.specs import UPDATED_PROPERTIES, Column, TableSpec
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import TableError

SPEC = TableSpec(
    "readings",
    (Column("id", "int"), Column("ts", "timestamp"), Column("value", "double", "it's a value")),
    ("id", "ts"),
    "ts",
    "Readings of a test",
)
DAY = (datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, 23, tzinfo=UTC))


@pytest.fixture
def tables(spark: SparkSession, schema: str) -> Tables:
    found = Tables(spark, "spark_catalog", schema)
    found.ensure(SPEC)
    return found


def rows(tables: Tables) -> list[tuple[int, str, float]]:
    return [
        tuple(row)
        for row in tables.read("readings").selectExpr("id", "string(ts)", "value").orderBy("id", "ts").collect()
    ]


def source(tables: Tables, *values: tuple[int, str, float]):
    return tables.spark.createDataFrame(values, "id int, ts string, value double").selectExpr(
        "id", "timestamp(ts) ts", "value"
    )


def test_ensure_is_repeatable_and_sets_properties(tables: Tables) -> None:
    version = tables.version("readings")
    tables.ensure(SPEC)
    assert tables.version("readings") == version
    tables.ensure(replace(SPEC, name="updated", properties=UPDATED_PROPERTIES))
    for table, vectors in (("readings", "false"), ("updated", "true")):
        properties = tables.spark.sql(f"SHOW TBLPROPERTIES {tables.name(table)}").collect()
        assert ("delta.enableDeletionVectors", vectors) in [tuple(row) for row in properties]


def test_ensure_names_the_differing_column(tables: Tables) -> None:
    other = TableSpec("readings", (*SPEC.columns[:2], Column("value", "string")), SPEC.key, SPEC.time_column)
    with pytest.raises(TableError, match="value"):
        tables.ensure(other)


def test_a_column_that_is_new_is_added_and_one_that_is_gone_stays(tables: Tables) -> None:
    tables.append(SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0)), "first")
    grown = replace(SPEC, columns=(*SPEC.columns[:2], Column("note", "string", "it's new")), outdated="value = -1")
    tables.ensure(grown)
    tables.ensure(grown)
    fresh = source(tables, (2, "2015-01-01 00:00:00", 2.0)).selectExpr("id", "ts", "'n' AS note")
    tables.append(grown, fresh, "second")
    tables.insert_only_merge(grown, fresh.selectExpr("id + 1 AS id", "ts", "note"), DAY)
    overwritten = fresh.write.format("delta").mode("overwrite").option("replaceWhere", "id = 2")
    overwritten.saveAsTable(tables.name("readings"))

    found = tables.read("readings").selectExpr("id", "value", "note").orderBy("id").collect()
    assert [tuple(row) for row in found] == [(1, -1.0, None), (2, None, "n"), (3, None, "n")]


def test_a_column_in_another_case_is_told_before_a_row_is_marked(tables: Tables) -> None:
    tables.append(SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0)), "first")
    columns = (*SPEC.columns[:2], Column("Value", "double"), Column("note", "string"))
    with pytest.raises(TableError, match="Value is there as value"):
        tables.ensure(replace(SPEC, columns=columns, outdated="value = -1"))
    assert rows(tables) == [(1, "2015-01-01 00:00:00", 1.0)]


def test_a_key_is_not_added_to(tables: Tables) -> None:
    other = replace(SPEC, columns=(*SPEC.columns, Column("part", "string")), key=("id", "ts", "part"))
    with pytest.raises(TableError, match="part; types and keys do not change"):
        tables.ensure(other)


def test_two_executions_may_add_a_column_at_once(tables: Tables) -> None:
    from concurrent.futures import ThreadPoolExecutor

    grown = replace(SPEC, columns=(*SPEC.columns, Column("note", "string")))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: tables.ensure(grown), range(3)))
    assert tables.read("readings").columns == ["id", "ts", "value", "note"]


def test_insert_only_merge_keeps_what_is_there(tables: Tables) -> None:
    assert tables.insert_only_merge(SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0)), DAY) == 1
    again = source(tables, (1, "2015-01-01 00:00:00", 9.0), (2, "2015-01-01 01:00:00", 2.0))
    assert tables.insert_only_merge(SPEC, again, DAY) == 1
    assert rows(tables) == [(1, "2015-01-01 00:00:00", 1.0), (2, "2015-01-01 01:00:00", 2.0)]


def test_update_changed_writes_only_named_keys(tables: Tables) -> None:
    tables.insert_only_merge(
        SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0), (2, "2015-01-01 00:00:00", 2.0)), DAY
    )
    assert (
        tables.update_changed(
            SPEC, source(tables, (2, "2015-01-01 00:00:00", 5.0), (3, "2015-01-01 00:00:00", 5.0)), DAY
        )
        == 1
    )
    assert rows(tables) == [(1, "2015-01-01 00:00:00", 1.0), (2, "2015-01-01 00:00:00", 5.0)]


def test_merge_of_known_rows_writes_no_version(tables: Tables) -> None:
    known = source(tables, (1, "2015-01-01 00:00:00", 1.0))
    tables.insert_only_merge(SPEC, known, DAY)
    version = tables.version("readings")
    assert tables.insert_only_merge(SPEC, known, DAY) == 0
    assert tables.version("readings") == version


def test_append_happens_once_per_transaction(tables: Tables) -> None:
    first = source(tables, (1, "2015-01-01 00:00:00", 1.0))
    tables.append(SPEC, first, "run-1:readings")
    version = tables.version("readings")
    tables.append(SPEC, first, "run-1:readings")
    assert tables.version("readings") == version
    assert len(rows(tables)) == 1


def test_upsert_inserts_and_overwrites_in_one_version(tables: Tables) -> None:
    tables.insert_only_merge(SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0)), DAY)
    version = tables.version("readings")
    tables.upsert(SPEC, source(tables, (1, "2015-01-01 00:00:00", 2.0), (2, "2015-01-01 00:00:00", 3.0)))
    assert rows(tables) == [(1, "2015-01-01 00:00:00", 2.0), (2, "2015-01-01 00:00:00", 3.0)]
    assert tables.version("readings") == version + 1


def test_ensure_creates_what_is_absent_and_names_a_table_that_differs(tables: Tables) -> None:
    other = replace(SPEC, name="others")
    tables.ensure(SPEC, other)
    assert tables.versions(["readings", "others"]) == {"readings": 0, "others": 0}
    with pytest.raises(TableError, match=r"others.*value"):
        tables.ensure(SPEC, replace(other, columns=(*other.columns[:-1], Column("value", "string"))))


def test_read_at_a_version(tables: Tables) -> None:
    tables.insert_only_merge(SPEC, source(tables, (1, "2015-01-01 00:00:00", 1.0)), DAY)
    pinned = tables.version("readings")
    tables.insert_only_merge(SPEC, source(tables, (2, "2015-01-01 00:00:00", 2.0)), DAY)
    assert tables.read("readings", pinned).count() == 1
    assert tables.read("readings").count() == 2


def test_two_writers_at_once_both_end(tables: Tables) -> None:
    """Two updates of the same row from two threads: Delta refuses one, the retry carries it through."""
    from concurrent.futures import ThreadPoolExecutor

    tables.insert_only_merge(SPEC, source(tables, (1, "2015-01-01 00:00:00", 0.0)), DAY)
    changes = [source(tables, (1, "2015-01-01 00:00:00", float(value))) for value in range(1, 4)]
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda change: tables.update_changed(SPEC, change, DAY), changes))
    assert counts == [1, 1, 1]
    assert rows(tables)[0][2] in (1.0, 2.0, 3.0)


def test_only_conflicts_are_retried() -> None:
    calls: list[str] = []

    def fail(text: str) -> None:
        calls.append(text)
        raise RuntimeError(text)

    with pytest.raises(RuntimeError):
        retrying(lambda: fail("[DELTA_CONCURRENT_APPEND] files were added"), attempts=3, pause=lambda _: None)
    with pytest.raises(RuntimeError):
        retrying(lambda: fail("disk full"), attempts=3, pause=lambda _: None)
    assert len(calls) == 4


def test_key_must_be_a_column() -> None:
    with pytest.raises(TableError, match="missing_column"):
        TableSpec("x", (Column("a", "int"),), ("missing_column",))
