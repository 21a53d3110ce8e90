"""Delta tables of one schema: create, read at a version, merge. No Delta session settings, no JVM access: runs on Spark
Connect too.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame, SparkSession

from batchkeeper.delta.parallel import side_by_side
from batchkeeper.delta.retries import retrying
from batchkeeper.delta.specs import Column, TableSpec
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.errors import TableError


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
        """Creates those of the tables that are absent, and adds columns that one lacks, side by side. Columns that are
        no longer asked for stay, and are empty in new rows.

        Raises:
            TableError: one is there with a column of another type or in another case, or with another key.
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
        # Names that differ by case alone are one to Spark, which would refuse to add the column, after the marking.
        cases = {name.casefold(): name for name in found}
        if recased := [name for name in wanted if cases.get(name.casefold(), name) != name]:
            listed = ", ".join(f"{name} is there as {cases[name.casefold()]}" for name in recased)
            raise TableError(
                f"table {self.name(spec.name)}: {listed}; a column keeps its case, so declare the name as it is there, "
                "or take another schema"
            )
        lacking = [column for column in spec.columns if column.name not in found]
        differing = {name for name, kind in wanted.items() if found.get(name, kind) != kind}
        differing |= {column.name for column in lacking} & {*spec.key, *spec.partitioned_by, spec.time_column}
        if differing:
            raise TableError(
                f"table {self.name(spec.name)} differs from its specification in: {', '.join(sorted(differing))}; "
                "types and keys do not change, so take another schema, or drop the table and fill it again"
            )
        if lacking:
            self._add(spec, lacking)

    def _add(self, spec: TableSpec, columns: Sequence[Column]) -> None:
        name = self.name(spec.name)
        if spec.outdated:
            # First, so that an interruption leaves no row that looks up to date.
            retrying(lambda: self.spark.sql(f"UPDATE {name} SET {spec.outdated}"))
        try:
            retrying(lambda: self.spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({', '.join(map(Column.ddl, columns))})"))
        except Exception:
            # Another execution of the step may have been quicker.
            if not {column.name for column in columns} <= set(self.read(spec.name).columns):
                raise

    def _create(self, spec: TableSpec) -> None:
        columns = ", ".join(column.ddl() for column in spec.columns)
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in spec.properties.items())
        partitioning = (
            f" PARTITIONED BY ({', '.join(f'`{name}`' for name in spec.partitioned_by)})" if spec.partitioned_by else ""
        )
        comment = spec.comment.replace("'", "''")
        layout = f"USING DELTA{partitioning} COMMENT '{comment}' TBLPROPERTIES ({properties})"
        self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self.name(spec.name)} ({columns}) {layout}")

    def insert_only_merge(self, spec: TableSpec, source: DataFrame, time_range: TimeRange | None = None) -> int:
        """Inserts the rows of `source` whose key the table lacks; returns how many. `source` must be unique on the key.

        `time_range` (both ends included) must hold every time in `source`; as a literal it lets Delta skip files.
        """
        columns = ", ".join(f"`{name}`" for name in source.columns)
        values = ", ".join(f"s.`{name}`" for name in source.columns)
        return self._merge(
            spec, source, time_range, f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})", "num_inserted_rows"
        )

    def upsert(self, spec: TableSpec, changed: DataFrame) -> None:
        """Inserts the rows of `changed` whose key the table lacks and overwrites the others, in one commit."""
        assignments = ", ".join(f"t.`{name}` = s.`{name}`" for name in spec.column_names if name not in spec.key)
        columns = ", ".join(f"`{name}`" for name in spec.column_names)
        values = ", ".join(f"s.`{name}`" for name in spec.column_names)
        actions = (
            f"WHEN MATCHED THEN UPDATE SET {assignments} WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
        )
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
        retrying(
            lambda: writer.option("txnAppId", transaction).option("txnVersion", 1).saveAsTable(self.name(spec.name))
        )

    def _merge(
        self, spec: TableSpec, source: DataFrame, time_range: TimeRange | None, action: str, counter: str
    ) -> int:
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
