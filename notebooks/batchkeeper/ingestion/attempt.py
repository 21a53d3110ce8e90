"""One attempt at the step. Another one may follow or run beside it: what is there already is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange
from batchkeeper.errors import RuleFailedError
from batchkeeper.ingestion.files.naming import Naming
from batchkeeper.ingestion.rows.quarantine import quarantine_files
from batchkeeper.ingestion.rows.reading import DeliveryReader
from batchkeeper.ingestion.rows.rules import RuleSet
from batchkeeper.scenario.declaration import Scenario

Broken = tuple[ManifestFile, Mapping[str, str]]
"""A file that cannot be read: rule -> what is wrong."""


@dataclass(frozen=True)
class Attempt:
    """What all its parts share. Nothing in it changes.

    Attributes:
        files: the files of the batch by their numbers.
    """

    tables: Tables
    scenario: Scenario
    rules: RuleSet
    run_id: str
    files: DataFrame
    reader: DeliveryReader

    @property
    def naming(self) -> Naming:
        """What the name of a drop may claim."""
        return Naming(self.scenario.coverage, self.rules.begins)

    @property
    def referred(self) -> frozenset[str]:
        """The sources that others are judged by."""
        rules = (rule for of_source in self.rules.rows.values() for rule in of_source)
        return frozenset(rule.refers_to for rule in rules if rule.refers_to)

    def covers(self, file: ManifestFile) -> TimeRange | None:
        """The span that a file stands for, or None when its name gives none that can be believed."""
        source = next((source for source in self.scenario.sources if source.name == file.source), None)
        return self.naming.covers(file, source)

    def set_aside(self, broken: Sequence[Broken]) -> None:
        """Stores whole files in quarantine.

        Raises:
            RuleFailedError: one of them breaks a rule of severity `fail`.
        """
        quarantine_files(self.tables, self.run_id, broken, self.rules)
        fatal = [
            f"{file.path} ({rule})" for file, rules in broken for rule in rules if self.rules.files[rule] == "fail"
        ]
        if fatal:
            raise RuleFailedError(f"files break rules of severity fail: {', '.join(fatal[:20])}")
