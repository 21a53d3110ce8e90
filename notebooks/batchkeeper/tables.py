"""Delta tables of one schema: create, read at a version, merge. No Delta session settings, no JVM access: runs on Spark Connect too."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from pyspark.sql import DataFrame, SparkSession

from batchkeeper.errors import TableError
from batchkeeper.parallel import side_by_side

_CONFLICT = re.compile(
    r"DELTA_CONCURRENT|Concurrent\w*Exception|DELTA_PROTOCOL_CHANGED|ProtocolChangedException|DELTA_METADATA_CHANGED|MetadataChangedException"
)
_ATTEMPTS = 6

DEFAULT_PROPERTIES: Mapping[str, str] = {
    "delta.enableDeletionVectors": "false",
    # Every run leaves transaction marks, which its repetitions look for; no run is repeated after a quarter.
    "delta.setTransactionRetentionDuration": "interval 90 days",
}
# For large tables whose rows change: marks instead of rewritten files. The price is that each scan lists its files twice.
UPDATED_PROPERTIES: Mapping[str, str] = {**DEFAULT_PROPERTIES, "delta.enableDeletionVectors": "true"}

TimeRange = tuple[datetime, datetime]
T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, and whether two undisturbed runs may differ in it (`volatile`, e.g. a time of writing)."""

    name: str
    type: str
    comment: str = ""
    nullable: bool = True
    volatile: bool = False

    def ddl(self) -> str:
        """The column as CREATE TABLE takes it."""
        null = "" if self.nullable else " NOT NULL"
        comment = f" COMMENT '{self.comment.replace(chr(39), chr(39) * 2)}'" if self.comment else ""
        return f"`{self.name}` {self.type}{null}{comment}"


@dataclass(frozen=True)
class TableSpec:
    """A table: its columns, natural key and time column (for literal ranges in MERGE), None when it has none."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_column: str | None = None
    comment: str = ""
    properties: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_PROPERTIES))
    partitioned_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        for used in (*self.key, *self.partitioned_by, *([self.time_column] if self.time_column else [])):
            if used not in names:
                raise TableError(f"table {self.name}: column {used} of key, partitioning or time is not among its columns")

    @property
    def column_names(self) -> list[str]:
        """All columns in order."""
        return [column.name for column in self.columns]

    @property
    def stable_columns(self) -> list[str]:
        """The columns in which two runs over the same inputs agree."""
        return [column.name for column in self.columns if not column.volatile]

    @property
    def schema(self) -> str:
        """DDL schema text, for `createDataFrame` and readers."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)


@dataclass(frozen=True)
class Tables:
    """The tables of `<catalog>.<schema>`."""

    spark: SparkSession
    catalog: str
    schema: str

    def name(self, table: str) -> str:
        """The quoted three-part name."""
        return f"`{self.catalog}`.`{self.schema}`.`{table}`"

    def read(self, table: str, version: int | None = None) -> DataFrame:
        """The table now, or as of a Delta version."""
        if version is None:
            return self.spark.table(self.name(table))
        return self.spark.sql(f"SELECT * FROM {self.name(table)} VERSION AS OF {int(version)}")

    def version(self, table: str) -> int:
        """The newest Delta version of the table."""
        # The command holds its answer already; any operator on it would be planned and run once more.
        rows = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)} LIMIT 1").collect()
        if not rows:
            raise TableError(f"table {self.name(table)} has no history")
        return int(rows[0]["version"])

    def exists(self, table: str) -> bool:
        """Whether the table is there."""
        return bool(self.spark.catalog.tableExists(self.name(table)))

    def ensure(self, *specs: TableSpec) -> None:
        """Creates those of the tables that are absent, side by side.

        Raises:
            TableError: one is there with other columns.
        """
        there: set[str] = set()
        if self.spark.catalog.databaseExists(f"`{self.catalog}`.`{self.schema}`"):
            listed = self.spark.sql(f"SHOW TABLES IN `{self.catalog}`.`{self.schema}`").collect()
            there = {str(row["tableName"]) for row in listed}
        else:
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{self.catalog}`.`{self.schema}`")
        side_by_side([partial(self._check if spec.name in there else self._create, spec) for spec in specs])

    def versions(self, tables: Sequence[str]) -> dict[str, int]:
        """The newest Delta version of each table."""
        return dict(zip(tables, side_by_side([partial(self.version, table) for table in tables]), strict=True))

    def _check(self, spec: TableSpec) -> None:
        found = {field_.name: field_.dataType.simpleString() for field_ in self.read(spec.name).schema.fields}
        wanted = {column.name: column.type.lower() for column in spec.columns}
        if found != wanted:
            differing = sorted({name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)})
            raise TableError(f"table {self.name(spec.name)} differs from its specification in: {', '.join(differing)}")

    def _create(self, spec: TableSpec) -> None:
        columns = ", ".join(column.ddl() for column in spec.columns)
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in spec.properties.items())
        partitioning = f" PARTITIONED BY ({', '.join(f'`{name}`' for name in spec.partitioned_by)})" if spec.partitioned_by else ""
        comment = spec.comment.replace("'", "''")
        layout = f"USING DELTA{partitioning} COMMENT '{comment}' TBLPROPERTIES ({properties})"
        self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self.name(spec.name)} ({columns}) {layout}")

    def insert_only_merge(self, spec: TableSpec, source: DataFrame, time_range: TimeRange | None = None) -> int:
        """Inserts the rows of `source` whose key the table lacks; returns how many. `source` must be unique on the key.

        `time_range` (both ends included) must hold every time in `source`; as a literal it lets Delta skip files.
        """
        columns = ", ".join(f"`{name}`" for name in source.columns)
        values = ", ".join(f"s.`{name}`" for name in source.columns)
        return self._merge(spec, source, time_range, f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})", "num_inserted_rows")

    def upsert(self, spec: TableSpec, changed: DataFrame) -> None:
        """Inserts the rows of `changed` whose key the table lacks and overwrites the others, in one commit."""
        assignments = ", ".join(f"t.`{name}` = s.`{name}`" for name in spec.column_names if name not in spec.key)
        columns = ", ".join(f"`{name}`" for name in spec.column_names)
        values = ", ".join(f"s.`{name}`" for name in spec.column_names)
        actions = f"WHEN MATCHED THEN UPDATE SET {assignments} WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
        self._merge(spec, changed, None, actions, "num_affected_rows")

    def update_changed(self, spec: TableSpec, changed: DataFrame, time_range: TimeRange | None = None) -> int:
        """Overwrites the rows of the table that `changed` names by key with its values; returns how many."""
        assignments = ", ".join(f"t.`{name}` = s.`{name}`" for name in changed.columns if name not in spec.key)
        return self._merge(spec, changed, time_range, f"WHEN MATCHED THEN UPDATE SET {assignments}", "num_updated_rows")

    def delete(self, spec: TableSpec, keys: DataFrame, time_range: TimeRange | None = None) -> int:
        """Deletes the rows of the table that `keys` names; returns how many."""
        return self._merge(spec, keys, time_range, "WHEN MATCHED THEN DELETE", "num_deleted_rows")

    def append(self, spec: TableSpec, rows: DataFrame, transaction: str) -> None:
        """Appends once per `transaction`; a repetition writes nothing. `rows` keep their partitions as files."""
        writer = rows.select(*spec.column_names).write.format("delta").mode("append")
        retrying(lambda: writer.option("txnAppId", transaction).option("txnVersion", 1).saveAsTable(self.name(spec.name)))

    def _merge(self, spec: TableSpec, source: DataFrame, time_range: TimeRange | None, action: str, counter: str) -> int:
        view = f"batchkeeper_{uuid.uuid4().hex}"
        source.createOrReplaceTempView(view)
        conditions = [f"t.`{name}` = s.`{name}`" for name in spec.key]
        if time_range and spec.time_column:
            conditions.append(f"t.`{spec.time_column}` BETWEEN {literal(time_range[0])} AND {literal(time_range[1])}")
        statement = f"MERGE INTO {self.name(spec.name)} t USING {view} s ON {' AND '.join(conditions)} {action}"
        try:
            row = retrying(lambda: self.spark.sql(statement).first())
        finally:
            self.spark.catalog.dropTempView(view)
        if row is None:
            raise TableError(f"MERGE into {self.name(spec.name)} reported no counts")
        return int(row[counter])


def literal(time_: datetime) -> str:
    """A UTC time as a Spark SQL literal that does not depend on the session's time zone."""
    return f"TIMESTAMP '{time_.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00:00'"


def retrying(action: Callable[[], T], attempts: int = _ATTEMPTS, pause: Callable[[float], None] = time.sleep) -> T:
    """Runs `action` again, with growing jittered pauses, while Delta reports that another writer came in between."""
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except Exception as error:
            if attempt == attempts or not _CONFLICT.search(f"{type(error).__name__}: {error}"):
                raise
            pause(random.uniform(0.5, 1.0) * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


def names(columns: Sequence[Column]) -> list[str]:
    """The names of `columns`."""
    return [column.name for column in columns]
