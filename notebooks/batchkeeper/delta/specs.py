"""What a table is: its columns, natural key, time column and properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from batchkeeper.errors import TableError

DEFAULT_PROPERTIES: Mapping[str, str] = {
    "delta.enableDeletionVectors": "false",
    # Every run leaves transaction marks, which its repetitions look for; no run is repeated after a quarter.
    "delta.setTransactionRetentionDuration": "interval 90 days",
}
# For large tables whose rows change: marks instead of rewritten files. The price is that each scan lists its files
# twice.
UPDATED_PROPERTIES: Mapping[str, str] = {**DEFAULT_PROPERTIES, "delta.enableDeletionVectors": "true"}


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, and whether two undisturbed runs may differ in it (`volatile`, e.g. a time of
    writing).
    """

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
    """A table.

    Attributes:
        key: its natural key.
        time_column: for literal ranges in MERGE; None when it has none.
        outdated: SQL assignments, and the rows that need them, by which rows are marked as computed without a column
            that is added.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_column: str | None = None
    comment: str = ""
    properties: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_PROPERTIES))
    partitioned_by: tuple[str, ...] = ()
    outdated: str = ""

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        for used in (*self.key, *self.partitioned_by, *([self.time_column] if self.time_column else [])):
            if used not in names:
                raise TableError(
                    f"table {self.name}: column {used} of key, partitioning or time is not among its columns"
                )

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


def names(columns: Sequence[Column]) -> list[str]:
    """The names of `columns`."""
    return [column.name for column in columns]
