"""A query in named steps, each of which may read the frames and the steps before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession


@dataclass
class Query:
    """Steps are enqueued under a name and become one statement: Spark plans it once, and no step is a round trip.

    As SQL text, since the same expressions as Column objects are some ten thousand calls to the JVM
    (docs/performance.md, "SQL as text").

    Attributes:
        frames: what `{name}` stands for in the steps.
    """

    frames: Mapping[str, DataFrame] = field(default_factory=dict)
    steps: list[tuple[str, str]] = field(default_factory=list)

    def step(self, name: str, sql: str) -> Query:
        """Enqueues a step; later ones read it as a table `name`."""
        self.steps.append((name, sql.strip()))
        return self

    @property
    def statement(self) -> str:
        """The whole text: the rows of the last step."""
        *before, (_, last) = self.steps
        named = ",\n".join(f"{name} AS (\n{sql}\n)" for name, sql in before)
        return f"WITH {named}\n{last}" if before else last

    def run(self, spark: SparkSession) -> DataFrame:
        """The rows of the last step; nothing is read before they are asked for."""
        return spark.sql(self.statement, **self.frames)


def listed(columns: Iterable[str]) -> str:
    """SQL: the columns, separated."""
    return ", ".join(columns)


def text(value: str) -> str:
    """SQL: the text as a literal. Braces stand for the frames of a query, so a text has them by their numbers."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("{", "\\u007B").replace("}", "\\u007D")
    return f"'{escaped}'"


def structure(fields: Mapping[str, str]) -> str:
    """SQL: one value of named fields, which sorts and windows pass on whole."""
    return f"struct({listed(f'{value} AS {name}' for name, value in fields.items())})"
