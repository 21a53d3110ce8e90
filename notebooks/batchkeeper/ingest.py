"""Ingestion of a frozen batch: probe the files, judge the rows, store the good ones, set the bad ones aside, keep the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pyspark.sql import DataFrame

from batchkeeper.census import FileCensus, fatal, take_census
from batchkeeper.completeness import covered_days, update_completeness
from batchkeeper.delivery import Delivery
from batchkeeper.errors import RuleFailedError
from batchkeeper.files import named_files, record_files
from batchkeeper.ingest_report import report
from batchkeeper.lines import ranked
from batchkeeper.log import LogEntry, record
from batchkeeper.manifest import Manifest, ManifestFile, read_manifest
from batchkeeper.naming import Naming
from batchkeeper.parallel import both, side_by_side
from batchkeeper.parameters import JobParameters
from batchkeeper.probe import ProbedFile, probe_all
from batchkeeper.quarantine import quarantine_files, quarantine_rows
from batchkeeper.reading import STAGED_BYTES, DeliveryReader, has_header
from batchkeeper.results import StepResult
from batchkeeper.rules import RuleSet, load_rules
from batchkeeper.snapshots import Roster, record_rosters, rosters
from batchkeeper.sources import Scenario, Source
from batchkeeper.staging import scratch_folder
from batchkeeper.store import Batch, store
from batchkeeper.tables import Tables, TimeRange
from batchkeeper.traces import read_traces, record_touched

T = TypeVar("T")
Broken = tuple[ManifestFile, Mapping[str, str]]
"""A file that cannot be read: rule -> what is wrong."""


class Stored(NamedTuple):
    """What one source of a batch came to: its files, what each had in it, the span of its accepted rows, whom snapshots list."""

    files: Sequence[ProbedFile]
    census: list[FileCensus]
    span: TimeRange | None
    rosters: list[Roster]


@dataclass
class Ingestion:
    """One attempt at the step. Another one may follow or run beside it: what is there already is left alone.

    Attributes:
        staged_bytes: see STAGED_BYTES.
        files: the files of the batch by their numbers.
        noted: done when `ingest_files` holds them.
        scratch: copies of this attempt.
        rosters: whom the snapshots list.
        known: sources that others refer to and that have rows.
        unreadable: files that made the work on their delivery fail.
        before: versions of the sources' tables before this attempt.
        whole: tallies of the sources of which the table took every good row in this attempt.
        only: those of them whose table holds nothing else.
    """

    tables: Tables
    scenario: Scenario
    parameters: JobParameters
    staged_bytes: int = STAGED_BYTES
    rules: RuleSet = field(init=False)
    naming: Naming = field(init=False)
    reader: DeliveryReader = field(init=False)
    files: DataFrame = field(init=False)
    noted: Future[None] = field(init=False)
    scratch: Path = field(init=False)
    entries: list[LogEntry] = field(default_factory=list)
    read: list[tuple[ProbedFile, FileCensus]] = field(default_factory=list)
    unreadable: list[Broken] = field(default_factory=list)
    before: dict[Source, int] = field(default_factory=dict)
    spans: dict[Source, TimeRange | None] = field(default_factory=dict)
    rosters: list[Roster] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    whole: dict[Source, DataFrame] = field(default_factory=dict)
    only: set[Source] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Times without a zone are UTC, whatever the cluster's default is.
        self.tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
        self.rules = load_rules(self.scenario.rules, self.scenario.sources)
        self.naming = Naming(self.scenario.coverage, self.rules.begins)

    def run(self) -> StepResult:
        """Ingests the batch.

        Raises:
            ManifestError: the manifest or a frozen file is not what it should be.
            RuleFailedError: a rule of severity `fail` is broken; nothing of that source is stored.
        """
        started = time.monotonic()
        manifest = read_manifest(self.parameters)
        self.files = named_files(self.tables.spark, self.parameters.run_id, manifest.files)
        with scratch_folder(self.parameters) as self.scratch:
            self.reader = DeliveryReader(self.tables, self.scenario, self.rules, self.scratch, self.staged_bytes)
            probed, broken = self._probed(manifest)
            first, others = self._deliveries(probed)
            # Large files are parsed while the tables are made and those sources are stored that others are judged by.
            both(partial(self._begin, broken, first), partial(self._stage, others))
            side_by_side([partial(self._ingest, delivery) for delivery in others])
            self._set_aside(self.unreadable)
            incomplete = self._log()
        self.seconds["duration"] = round(time.monotonic() - started, 2)
        metrics = {f"{name}Seconds": took for name, took in self.seconds.items()}
        return report(self.tables, self.scenario, self.parameters, incomplete, metrics)

    def _deliveries(self, probed: Mapping[Source, Sequence[ProbedFile]]) -> tuple[list[Delivery], list[Delivery]]:
        """The deliveries that others are judged by, and the others. A source without a row needs none."""
        first: list[Delivery] = []
        others: list[Delivery] = []
        for source, files in probed.items():
            delivery = self._without_bad_files(source, files, partial(self.reader.read, source))
            if delivery:
                (first if source.name in self._referred else others).append(delivery)
        return first, others

    @property
    def _referred(self) -> set[str]:
        """The sources that others are judged by."""
        return {rule.refers_to for rules in self.rules.rows.values() for rule in rules if rule.refers_to}

    def _probed(self, manifest: Manifest) -> tuple[dict[Source, list[ProbedFile]], list[Broken]]:
        """The readable files by source, and those that are not."""
        by_name = {source.name: source for source in self.scenario.sources}
        known = [(file, by_name[file.source]) for file in manifest.files if file.source in by_name]
        probed = [self._with_name_faults(file, by_name[file.file.source]) for file in probe_all(known, self.rules.encodings, self.scratch)]
        strange = {
            file.path: f"source {file.source!r} is not one of {', '.join(by_name)}" for file in manifest.files if file.source not in by_name
        }
        broken: list[Broken] = [(file, {"unknown_source": strange[file.path]}) for file in manifest.files if file.path in strange]
        for file in probed:
            rejecting = {rule: what for rule, what in file.broken.items() if self.rules.files[rule] != "warn"}
            if rejecting:
                broken.append((file.file, rejecting))
        rejected = {file.path for file, _ in broken}
        good = [file for file in probed if file.file.path not in rejected]
        return {source: ranked([file for file in good if file.file.source == source.name]) for source in self.scenario.sources}, broken

    def _with_name_faults(self, file: ProbedFile, source: Source) -> ProbedFile:
        return replace(file, broken={**file.broken, **self.naming.faults(file.file, source)})

    def _covers(self, file: ManifestFile) -> TimeRange | None:
        return self.naming.covers(file, next((source for source in self.scenario.sources if source.name == file.source), None))

    def _set_aside(self, broken: Sequence[Broken]) -> None:
        quarantine_files(self.tables, self.parameters.run_id, broken, self.rules)
        for file, found in broken:
            reason = "; ".join(f"{rule}: {what}" for rule, what in found.items())
            self.entries.append(LogEntry.of_quarantined(file, self._covers(file), reason, tuple(found)))
        fatal_files = [f"{file.path} ({rule})" for file, found in broken for rule in found if self.rules.files[rule] == "fail"]
        if fatal_files:
            raise RuleFailedError(f"files break rules of severity fail: {', '.join(fatal_files[:20])}")

    def _begin(self, broken: Sequence[Broken], first: Sequence[Delivery]) -> None:
        """Makes the tables, notes the files, sets unreadable ones aside, and stores the sources that others are judged by."""
        self.tables.ensure(*self.scenario.tables)
        with ThreadPoolExecutor(1) as pool:
            self.noted = pool.submit(record_files, self.tables, self.parameters.run_id, self.files)
            self._set_aside(broken)
            for delivery in first:
                self._ingest(delivery)
            self.known = {name for name in self._referred if not self.tables.read(name).isEmpty()}

    def _stage(self, deliveries: list[Delivery]) -> None:
        """Replaces large deliveries by their staged copies."""
        for delivery in [delivery for delivery in deliveries if self.reader.is_large(delivery)]:
            copy = self._without_bad_files(delivery.source, delivery.files, partial(self.reader.read_staged, delivery.source))
            place = deliveries.index(delivery)
            deliveries[place : place + 1] = [copy] if copy else []

    def _ingest(self, delivery: Delivery) -> None:
        """Stores the rows of one source; what each file had in it is kept for the log."""
        began = time.monotonic()
        source = delivery.source

        def judge_and_store(files: Sequence[ProbedFile]) -> Stored:
            same = files is delivery.files
            return self._judge_and_store(delivery if same else self.reader.read_staged(source, files))

        done = self._without_bad_files(source, delivery.files, judge_and_store)
        if done:
            if any(census.good for census in done.census):
                self.spans[source] = done.span
            self.read += zip(done.files, done.census, strict=True)
            self.rosters += done.rosters
        self.seconds[source.name] = round(time.monotonic() - began, 2)

    def _without_bad_files(self, source: Source, files: Sequence[ProbedFile], work: Callable[[Sequence[ProbedFile]], T]) -> T | None:
        """Does the work on the files, without those that make it fail: these are noted. None when no file with a header is left."""
        rest = files
        if has_header(files):
            try:
                return work(files)
            except Exception as error:
                # Once rows are stored no file can be left out.
                if self.rules.files["unreadable"] == "fail" or self._has_stored(source):
                    raise
                bad = self.reader.bad_files(source, files, self.known, error)
            self.unreadable += [(file.file, {"unreadable": f"{file.file.path}: {why}"}) for file, why in bad]
            rest = [file for file in files if all(file is not found for found, _ in bad)]
            if has_header(rest):
                return work(rest)
        self.read += [(file, FileCensus()) for file in rest]
        return None

    def _has_stored(self, source: Source) -> bool:
        return source in self.before and self.tables.version(source.name) != self.before[source]

    def _judge_and_store(self, delivery: Delivery) -> Stored:
        source, rules = delivery.source, delivery.rules
        judged = delivery.judged(self.tables, self.known)
        # The version, as it is before the batch, is read beside.
        tallies, before = both(lambda: judged.tallies(self.scenario, self.scratch), lambda: self.tables.version(source.name))
        self.before[source] = before
        census = take_census(tallies, source, rules, len(delivery.files))
        listed = rosters(tallies.frame, [probed.file for probed in delivery.files]) if source.time is None else []
        rejected = any(found.rejected for found in census)
        if rejected:
            quarantine_rows(self.tables, self.parameters.run_id, judged, self.scenario.coverage)
        if deadly := fatal(census, rules):
            broken = ", ".join(f"{name} ({count} rows)" for name, count in sorted(deadly.items()))
            raise RuleFailedError(
                f"{source.name}: rows break rules of severity fail: {broken}; see table quarantine, run {self.parameters.run_id}"
            )
        times = [time_ for found in census for time_ in (found.first, found.last) if time_]
        span = (min(times), max(times)) if times else None
        good = sum(found.good for found in census)
        if good:
            # Without rejects the rules need not be worked out again.
            fit = judged.rows.where(~rules.rejects()) if rejected else delivery.rows
            wanted = fit.select(*(field_.name for field_ in source.fields), "rank", "block", "place")
            sound = tallies.frame.where(~rules.rejects())
            # No row is stored before its file is noted.
            self.noted.result()
            stored = store(self.tables, self.parameters.run_id, Batch(source, wanted, delivery.files, good, span, tallies.unique), before)
            if stored.whole:
                self.whole[source] = sound
            if stored.only:
                self.only.add(source)
        return Stored(delivery.files, census, span, listed)

    def _log(self) -> list[dict[str, Any]]:
        """Spans and snapshots first, then the log: its rows mean that files are done. Returns the entity-days that lack readings."""
        run_id = self.parameters.run_id
        # Where rows met others of their key, and in a repetition, only the table knows which of them stand.
        unsure = {source: span for source, span in self.spans.items() if source not in self.whole}
        traces = read_traces(self.tables, self.files, self.scenario, unsure)
        whole = {source.name for source in self.whole}
        stepped = {source.name for source in self.scenario.sources if source.step}
        for file, census in self.read:
            if file.file.source in whole:
                traces.add(file.file.source, file.file.path, census.good, census.days)
            covers, accepted = self._covers(file.file), traces.accepted[file.file.path]
            self.entries.append(LogEntry.of_read(file, covers, census, accepted, stepped=file.file.source in stepped))
        days = {source: covered_days(self.entries, source) | traces.days.get(source.name, set()) for source in self.scenario.sources}

        def note_touched() -> None:
            # A run that wrote no row touched nothing.
            if traces.accepted:
                record_touched(self.tables, run_id, self.files, self.scenario, self.spans, self.whole)

        both(note_touched, partial(record_rosters, self.tables, run_id, self.rosters, self.scenario.coverage))
        alone = {source: tallies for source, tallies in self.whole.items() if source in self.only}
        incomplete, _ = both(
            partial(update_completeness, self.tables, self.scenario, run_id, days, alone),
            partial(record, self.tables, run_id, self.entries),
        )
        return incomplete
