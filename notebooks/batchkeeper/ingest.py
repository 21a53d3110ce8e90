"""Ingestion of a frozen batch: probe the files, judge the rows, store the good ones, set the bad ones aside, keep the log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import functions as sf

from batchkeeper.census import FileCensus, fatal, take_census
from batchkeeper.completeness import covered_days, update_completeness
from batchkeeper.coverage import complete_until, gaps, read_coverage
from batchkeeper.errors import RuleFailedError
from batchkeeper.lines import ranked, read_rows
from batchkeeper.log import LogEntry, logged, record
from batchkeeper.manifest import Manifest, ManifestFile, read_manifest
from batchkeeper.parallel import both, side_by_side
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.probe import ProbedFile, probe_all
from batchkeeper.quarantine import quarantine_files, quarantine_rows
from batchkeeper.results import StepResult, write_outcome
from batchkeeper.rules import RuleSet, load_rules
from batchkeeper.sources import Scenario, Source
from batchkeeper.staging import staged
from batchkeeper.store import Batch, store
from batchkeeper.tables import Tables, TimeRange
from batchkeeper.traces import read_traces, record_touched

STEP = "ingestion"
# From this size on, rows are parsed once and kept beside the batch; smaller ones are parsed again sooner than written and read.
STAGED_BYTES = 4 * 2**20


@dataclass
class Ingestion:
    """One run of the step. All methods may be repeated: what is there already is left alone.

    Attributes:
        staged_bytes: see STAGED_BYTES.
        known: sources that others refer to and that have rows.
        whole: sources of which the table took every good row in this attempt.
    """

    tables: Tables
    scenario: Scenario
    parameters: JobParameters
    staged_bytes: int = STAGED_BYTES
    rules: RuleSet = field(init=False)
    entries: list[LogEntry] = field(default_factory=list)
    read: list[tuple[ProbedFile, FileCensus]] = field(default_factory=list)
    spans: dict[Source, TimeRange | None] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Times without a zone are UTC, whatever the cluster's default is.
        self.tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
        self.rules = load_rules(self.scenario.rules, self.scenario.sources)

    def run(self) -> StepResult:
        """Ingests the batch.

        Raises:
            ManifestError: the manifest or a frozen file is not what it should be.
            RuleFailedError: a rule of severity `fail` is broken; nothing of that source is stored.
        """
        started = time.monotonic()
        self.tables.ensure_all(self.scenario.tables)
        manifest = read_manifest(self.parameters)
        scratch = self.parameters.path(self.parameters.manifest_path).parent / "work"
        try:
            probed = self._probed(manifest, scratch)
            referred = {rule.refers_to for rules in self.rules.rows.values() for rule in rules if rule.refers_to}
            # A source that others are judged by comes before them.
            for source, files in probed:
                if source.name in referred:
                    self._ingest(source, files, scratch)
                    if not self.tables.read(source.name).isEmpty():
                        self.known.add(source.name)
            side_by_side([partial(self._ingest, source, files, scratch) for source, files in probed if source.name not in referred])
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return self._result(started, self._log())

    def _probed(self, manifest: Manifest, scratch: Path) -> list[tuple[Source, list[ProbedFile]]]:
        """The readable files by source; those that are not go into quarantine."""
        by_name = {source.name: source for source in self.scenario.sources}
        known = [(file, by_name[file.source]) for file in manifest.files if file.source in by_name]
        probed = probe_all(known, self.rules.encodings, scratch)
        probed = [self._with_undated_name(file) for file in probed]
        strange = {
            file.path: f"source {file.source!r} is not one of {', '.join(by_name)}" for file in manifest.files if file.source not in by_name
        }
        broken: list[tuple[ManifestFile, Mapping[str, str]]] = [
            (file, {"unknown_source": strange[file.path]}) for file in manifest.files if file.path in strange
        ]
        for file in probed:
            rejecting = {rule: what for rule, what in file.broken.items() if self.rules.files[rule] != "warn"}
            if rejecting:
                broken.append((file.file, rejecting))
        self._set_aside(broken)
        rejected = {file.path for file, _ in broken}
        good = [file for file in probed if file.file.path not in rejected]
        return [(source, ranked([file for file in good if file.file.source == source.name])) for source in self.scenario.sources]

    def _with_undated_name(self, file: ProbedFile) -> ProbedFile:
        if self.scenario.coverage.covers(file.file.path):
            return file
        what = f"the name {file.file.path} gives no day, so the file covers none"
        return ProbedFile(file.file, file.location, file.delimiter, file.header, file.columns, {**file.broken, "undated_name": what})

    def _set_aside(self, broken: Sequence[tuple[ManifestFile, Mapping[str, str]]]) -> None:
        quarantine_files(self.tables, self.parameters.run_id, broken, self.rules)
        for file, found in broken:
            reason = "; ".join(f"{rule}: {what}" for rule, what in found.items())
            self.entries.append(LogEntry.of_quarantined(file, self.scenario.coverage.covers(file.path), reason, tuple(found)))
        fatal_files = [f"{file.path} ({rule})" for file, found in broken for rule in found if self.rules.files[rule] == "fail"]
        if fatal_files:
            raise RuleFailedError(f"files break rules of severity fail: {', '.join(fatal_files[:20])}")

    def _ingest(self, source: Source, files: list[ProbedFile], scratch: Path) -> None:
        """Stores the rows of one source; what each file had in it is kept for the log."""
        began = time.monotonic()
        found = [FileCensus() for _ in files]
        if any(file.header is not None for file in files):
            found, span = self._judge_and_store(source, files, scratch)
            if any(census.good for census in found):
                self.spans[source] = span
        self.read += zip(files, found, strict=True)
        self.seconds[source.name] = round(time.monotonic() - began, 2)

    def _log(self) -> list[dict[str, Any]]:
        """Spans first, then the log: a row in the log means that the file is done. Returns the entity-days that lack readings."""
        run_id = self.parameters.run_id
        # Where rows met others of their key, and in a repetition, only the table knows which of them stand.
        unsure = {source: span for source, span in self.spans.items() if source.name not in self.whole}
        traces = read_traces(self.tables, run_id, self.scenario, unsure)
        for file, census in self.read:
            if file.file.source in self.whole:
                traces.add(file.file.source, file.file.path, census.good, census.days)
            covers = self.scenario.coverage.covers(file.file.path)
            self.entries.append(LogEntry.of_read(file, covers, census, traces.accepted[file.file.path]))
        days = {source: covered_days(self.entries, source) | traces.days.get(source.name, set()) for source in self.scenario.sources}

        def note() -> None:
            # A run that wrote no row touched nothing.
            if traces.accepted:
                record_touched(self.tables, run_id, self.scenario, self.spans)
            record(self.tables, run_id, self.entries)

        incomplete, _ = both(partial(update_completeness, self.tables, self.scenario, run_id, days), note)
        return incomplete

    def _judge_and_store(self, source: Source, files: list[ProbedFile], scratch: Path) -> tuple[list[FileCensus], TimeRange | None]:
        rows, compiled = read_rows(source, files, self.scenario.coverage, self.rules, self.tables, self.known)
        if sum(file.file.size for file in files) >= self.staged_bytes:
            rows = staged(rows, compiled, scratch)
        census = take_census(rows, source, compiled, len(files), self.scenario.coverage)
        reject = sf.col("mask").bitwiseAND(sf.lit(compiled.bits("quarantine", "fail")).cast("bigint"))
        if any(found.rejected for found in census):
            bad = rows.where(reject != 0).select("rank", "block", "place", "raw", "mask")
            quarantine_rows(self.tables, self.parameters.run_id, source, bad, compiled, files, self.scenario.coverage)
        if deadly := fatal(census, compiled):
            listed = ", ".join(f"{name} ({count} rows)" for name, count in sorted(deadly.items()))
            raise RuleFailedError(
                f"{source.name}: rows break rules of severity fail: {listed}; see table quarantine, run {self.parameters.run_id}"
            )
        times = [time_ for found in census for time_ in (found.first, found.last) if time_]
        span = (min(times), max(times)) if times else None
        good = sum(found.good for found in census)
        if good:
            wanted = [field_.name for field_ in source.fields]
            # Without rejects the rules need not be worked out again, where the rows are not staged.
            fit = (rows.where(reject == 0) if any(found.rejected for found in census) else rows).select(*wanted, "rank", "block", "place")
            if store(self.tables, self.parameters.run_id, Batch(source, fit, files, good, span)):
                self.whole.add(source.name)
        return census, span

    def _result(self, started: float, incomplete: list[dict[str, Any]]) -> StepResult:
        """Totals and lists, from the log: a repetition reports what the first attempt found."""
        names = [source.name for source in self.scenario.sources]
        (files, coverage), versions = both(
            lambda: both(partial(logged, self.tables, self.parameters.run_id), partial(read_coverage, self.tables)),
            partial(self.tables.versions, names),
        )
        watermark = complete_until(coverage, self.scenario.sources)
        missing = _missing(self.scenario, coverage)
        warnings = [*_warnings(files), *missing]
        if incomplete:
            warnings.append(f"{len(incomplete)} entity-days are incomplete or stale, see the outcome file")
        payload: dict[str, Any] = {
            "files": files,
            "missing": missing,
            "incomplete": incomplete,
            "watermark": iso(watermark) if watermark else None,
        }
        outcome = write_outcome(self.parameters, STEP, payload)
        read = [file for file in files if file["status"] == "read"]
        total = {name: sum(int(file[name]) for file in files) for name in ("rowsRead", "rowsAccepted", "rowsQuarantined", "rowsDuplicate")}
        return StepResult(
            step=STEP,
            run_id=self.parameters.run_id,
            status="ok" if files else "nothing_to_do",
            reason=None if files else "the manifest lists no files",
            counts={"filesListed": len(files), "filesRead": len(read), "filesQuarantined": len(files) - len(read), **total},
            tables=versions,
            watermark=watermark,
            warnings=warnings,
            outcome_path=outcome,
            metrics={
                "durationSeconds": round(time.monotonic() - started, 2),
                **{f"{name}Seconds": took for name, took in self.seconds.items()},
            },
        )


def _missing(scenario: Scenario, coverage: Mapping[str, Sequence[tuple[datetime, datetime]]]) -> list[str]:
    """Required sources without a file for some span: silence of a source is not the same as an empty file."""
    found = []
    newest = max((spans[-1][1] for source in scenario.sources if source.time and (spans := coverage.get(source.name))), default=None)
    for source in scenario.sources:
        spans = coverage.get(source.name, ())
        if not source.required:
            continue
        if not spans:
            found.append(f"{source.name}: no file at all")
            continue
        if source.time is None:
            continue
        found += [f"{source.name}: no file covers {iso(start)} to {iso(end)}" for start, end in gaps(spans)]
        if newest and spans[-1][1] < newest:
            found.append(f"{source.name}: no file covers {iso(spans[-1][1])} to {iso(newest)}")
    return found


def _warnings(files: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for file in files:
        if file["status"] == "quarantined":
            found.append(f"{file['path']}: file in quarantine: {file['reason']}")
        elif file["findings"]:
            found.append(f"{file['path']}: " + ", ".join(f"{rule} {count}" for rule, count in sorted(file["findings"].items())))
    return found
