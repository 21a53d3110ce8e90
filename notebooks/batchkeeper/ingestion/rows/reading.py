"""Reads the files of a source as a delivery, and finds those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.contract.results import write_text
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.files.isolation import Isolation
from batchkeeper.ingestion.rows.census import take_census
from batchkeeper.ingestion.rows.delivery import Delivery
from batchkeeper.ingestion.rows.quarantine import rejected_rows
from batchkeeper.ingestion.rows.rules import RuleSet
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.source import Source

# From this size on, rows are parsed once and kept beside the batch; smaller ones are parsed again sooner than written
# and read.
STAGED_BYTES = 4 * 2**20
_WIDE = 12
"""Rows of more columns are always parsed once: what Spark infers from parsed columns for the joins above them doubles
with each (docs/performance.md, "Constraints of a wide row"), and of a copy's it infers nothing."""


@dataclass
class DeliveryReader:
    """Reads deliveries.

    Attributes:
        scratch: copies of this attempt.
        staged_bytes: see STAGED_BYTES.
    """

    tables: Tables
    scenario: Scenario
    rules: RuleSet
    scratch: Path
    staged_bytes: int
    isolation: Isolation = field(default_factory=Isolation)

    def read(self, source: Source, files: Sequence[ProbedFile]) -> Delivery:
        """Spark is asked for the files, and for no row yet.

        Raises:
            ValueError: no file has a header, or Spark lists nothing of one.
        """
        return Delivery.read(self.tables.spark, self.scenario, self.rules, source, files)

    def read_staged(self, source: Source, files: Sequence[ProbedFile]) -> Delivery:
        """A large delivery as its staged copy."""
        delivery = self.read(source, files)
        return delivery.stage(self.scratch) if self.is_large(delivery) else delivery

    def is_large(self, delivery: Delivery) -> bool:
        """Whether a staged copy pays."""
        return delivery.size >= self.staged_bytes or len(delivery.source.fields) > _WIDE

    def bad_files(
        self, source: Source, files: Sequence[ProbedFile], known: AbstractSet[str], error: Exception
    ) -> list[tuple[ProbedFile, str]]:
        """The files that caused `error`, each with what is wrong with it; none when it does not come again.

        Raises:
            Exception: `error`, when it is not the files' fault.
        """
        return self.isolation.bad_files(files, partial(self._check, source, known), self._sound_file(source), error)

    def _check(self, source: Source, known: AbstractSet[str], files: Sequence[ProbedFile]) -> None:
        """Reads and judges the rows in every way that storing them would, and stores none."""
        if not has_header(files):
            return
        delivery = self.read(source, files).stage(self.scratch).judged(self.tables, known)
        take_census(delivery.row_counts(self.scenario, self.scratch), source, delivery.rules, len(files))
        rejected_rows(self.tables.spark, "check", delivery, self.scenario.coverage).write.format("noop").mode(
            "append"
        ).save()

    def _sound_file(self, source: Source) -> ProbedFile:
        """A file of the source that holds a header alone."""
        header = ",".join(column.headers[0] for column in source.fields)
        location = self.scratch / f"sound-{source.name}.csv"
        write_text(location, f"{header}\n")
        file = ManifestFile(location.name, source.name, location, "", len(header) + 1, datetime.now(UTC))
        return ProbedFile(file, location, header=header, columns=tuple(column.name for column in source.fields))


def has_header(files: Sequence[ProbedFile]) -> bool:
    """Whether there is anything for Spark to read."""
    return any(file.header is not None for file in files)
