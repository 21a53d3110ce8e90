"""The rows that a batch delivers of one source: read, kept as Parquet where they are many, judged."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from batchkeeper.delta.staging import staged
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.rows.lines import read_rows, with_references
from batchkeeper.ingestion.rows.row_counts import RowCounts, one_count_per_row, summed_counts
from batchkeeper.ingestion.rows.rules import CompiledRules, RuleSet
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.source import Source


@dataclass(frozen=True)
class Delivery:
    """Typed rows of one source.

    Attributes:
        files: the files in order of precedence.
        rows: rows of `read_rows`; without `raw` where they are staged.
        staged: whether a copy is read, so that passes over the rows are cheap.
    """

    source: Source
    files: Sequence[ProbedFile]
    rules: CompiledRules
    rows: DataFrame
    staged: bool

    @classmethod
    def read(
        cls, spark: SparkSession, scenario: Scenario, rules: RuleSet, source: Source, files: Sequence[ProbedFile]
    ) -> Delivery:
        """Nothing is read before the rows are asked for.

        Raises:
            ValueError: every file is empty.
        """
        rows, compiled = read_rows(spark, source, files, scenario.coverage, rules)
        return cls(source, files, compiled, rows, staged=False)

    @property
    def size(self) -> int:
        """Bytes as delivered."""
        return sum(file.file.size for file in self.files)

    def stage(self, folder: Path) -> Delivery:
        """The same delivery, parsed into a copy below `folder`. The raw text stays behind: it is wanted for rejected
        rows alone.
        """
        return replace(self, rows=staged(self.rows.drop("raw"), folder), staged=True)

    def judged(self, tables: Tables, known: AbstractSet[str]) -> Delivery:
        """The same delivery, judged also by the sources in `known`."""
        return replace(self, rows=with_references(self.rows, self.rules, tables, known))

    def row_counts(self, scenario: Scenario, folder: Path) -> RowCounts:
        """The rows counted; of a staged delivery as a small copy below `folder`, of a small one in memory."""
        rejecting, entity = self.rules.bits("quarantine", "fail"), scenario.entity.name
        counted = summed_counts(one_count_per_row(self.rows, self.source, entity, scenario.coverage, rejecting))
        return (
            RowCounts.of(staged(counted, folder), self.source, entity, rejecting)
            if self.staged
            else RowCounts.in_memory(counted)
        )
