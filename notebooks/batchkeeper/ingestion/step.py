"""The ingestion step: probe the files, judge the rows, store the good ones, set the bad ones aside, keep the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame

from batchkeeper.contract.manifest import read_manifest
from batchkeeper.contract.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.contract.results import StepResult
from batchkeeper.delta.parallel import concurrently, side_by_side
from batchkeeper.delta.staging import scratch_folder
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.attempt import Attempt, Broken
from batchkeeper.ingestion.closing import close
from batchkeeper.ingestion.ingested import IngestedSource, Outcome
from batchkeeper.ingestion.inspection import inspect
from batchkeeper.ingestion.journal.coverage import covered_before
from batchkeeper.ingestion.journal.quarantine_export import export_quarantine
from batchkeeper.ingestion.one_source import SourceIngestion
from batchkeeper.ingestion.report import report
from batchkeeper.ingestion.rows.delivery import Delivery
from batchkeeper.ingestion.rows.lateness import parse_lateness, with_lateness
from batchkeeper.ingestion.rows.reading import STAGED_BYTES, DeliveryReader
from batchkeeper.ingestion.rows.rules import load_rules
from batchkeeper.ingestion.storing.lineage import named_files, record_files
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.ingestion import ingestion_tables

Read = tuple[SourceIngestion, Outcome[Delivery]]
"""A source and its files as Spark will read them."""


@dataclass(frozen=True)
class Ingestion:
    """The step of one run.

    Attributes:
        staged_bytes: see STAGED_BYTES.
        lateness: per source how far behind the data a row may come (`parse_lateness`).
    """

    tables: Tables
    scenario: Scenario
    parameters: JobParameters
    staged_bytes: int = STAGED_BYTES
    lateness: Mapping[str, timedelta] = field(default_factory=dict)

    def run(self) -> StepResult:
        """Ingests the batch.

        Raises:
            ManifestError: the manifest or a frozen file is not what it should be.
            RuleFailedError: a rule of severity `fail` is broken; nothing of that source is stored.
        """
        started = time.monotonic()
        # Times without a zone are UTC, whatever the cluster's default is.
        self.tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
        manifest = read_manifest(self.parameters)
        with scratch_folder(self.parameters) as scratch:
            attempt = self._attempt(scratch, named_files(self.tables.spark, self.parameters.run_id, manifest.files))
            inspected = inspect(attempt, manifest, scratch)
            ingestions = [(SourceIngestion(attempt, source), files) for source, files in inspected.by_source.items()]
            read = [(one, one.read(files)) for one, files in ingestions]
            ingested = self._ingest(attempt, inspected.broken, read)
            attempt.set_aside([broken for one in ingested for broken in one.unreadable])
            incomplete = close(attempt, ingested, inspected.broken)
            self._export(ingested, inspected.broken)
        metrics = {f"{one.source.name}Seconds": one.seconds for one in ingested if one.seconds is not None}
        metrics["durationSeconds"] = round(time.monotonic() - started, 2)
        return report(self.tables, self.scenario, self.parameters, incomplete, metrics)

    def _export(self, ingested: Sequence[IngestedSource], broken: Sequence[Broken]) -> None:
        """Exports the quarantine of the run, if anything was set aside."""
        files = [of_file for one in ingested for of_file in one.files]
        if broken or any(one.unreadable for one in ingested) or any(census.rejected for _, census in files):
            headers = {probed.file.path: probed.header for probed, _ in files if probed.header}
            export_quarantine(self.tables, self.parameters, headers)

    def _attempt(self, scratch: Path, files: DataFrame) -> Attempt:
        rules = load_rules(self.scenario.rules, self.scenario.sources)
        if self.lateness:
            covered = covered_before(self.tables, self.parameters.run_id)
            rules = with_lateness(rules, self.scenario.sources, self.lateness, covered)
        reader = DeliveryReader(self.tables, self.scenario, rules, scratch, self.staged_bytes)
        return Attempt(self.tables, self.scenario, rules, self.parameters.run_id, files, reader)

    def _ingest(self, attempt: Attempt, broken: Sequence[Broken], read: Sequence[Read]) -> list[IngestedSource]:
        """The sources that others are judged by come first. Meanwhile the large files of the others are parsed."""
        first = [pair for pair in read if pair[0].source.name in attempt.referred]
        others = [pair for pair in read if pair[0].source.name not in attempt.referred]
        with ThreadPoolExecutor(1) as pool:
            begun, staged = concurrently(
                lambda: _begin(attempt, broken, first, pool), lambda: [(one, one.stage(files)) for one, files in others]
            )
            done, known, noted = begun
            return [*done, *side_by_side([partial(one.ingest, files, known, noted) for one, files in staged])]


def read_lateness(widgets: Widgets, scenario: Scenario) -> dict[str, timedelta]:
    """The policy for late data that the run was given; without one any row may come at any time."""
    return parse_lateness(text_parameter(widgets, "allowed_lateness", default=""), scenario.sources)


def _begin(
    attempt: Attempt, broken: Sequence[Broken], first: Sequence[Read], pool: ThreadPoolExecutor
) -> tuple[list[IngestedSource], frozenset[str], Callable[[], None]]:
    """Makes the tables, notes the files, sets unreadable ones aside, and ingests the sources that others are judged by.

    Returns these, the names of those that hold rows, and how to wait until the files are noted.
    """
    attempt.tables.ensure(*ingestion_tables(attempt.scenario))
    noted = pool.submit(record_files, attempt.tables, attempt.run_id, attempt.files)
    attempt.set_aside(broken)
    done = [one.ingest(files, frozenset(), noted.result) for one, files in first]
    known = frozenset(name for name in attempt.referred if not attempt.tables.read(name).isEmpty())
    return done, known, noted.result
