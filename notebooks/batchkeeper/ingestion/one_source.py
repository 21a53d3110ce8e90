"""The way of one source's files into its table: read, copied where they are many rows, judged, stored.

Each stage takes a value and returns one. A file that makes a stage fail is left behind, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.times import TimeRange
from batchkeeper.errors import RuleFailedError
from batchkeeper.ingestion.attempt import Attempt
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.ingested import IngestedSource, Outcome
from batchkeeper.ingestion.journal.snapshots import rosters
from batchkeeper.ingestion.rows.census import FileCensus, fatal, take_census
from batchkeeper.ingestion.rows.delivery import Delivery
from batchkeeper.ingestion.rows.quarantine import quarantine_rows
from batchkeeper.ingestion.rows.reading import has_header
from batchkeeper.ingestion.storing.store import Batch, Stored, store
from batchkeeper.scenario.source import Source

T = TypeVar("T")
_NOTHING: AbstractSet[str] = frozenset()


class _RowsStoredError(Exception):
    """Carries an error that came after rows were stored: no file can be left out any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class SourceIngestion:
    """The stages of one source."""

    attempt: Attempt
    source: Source

    def read(self, files: Sequence[ProbedFile]) -> Outcome[Delivery]:
        """Asks Spark for the files, and for no row yet."""
        return self._without_bad_files(files, _NOTHING, partial(self.attempt.reader.read, self.source))

    def stage(self, read: Outcome[Delivery]) -> Outcome[Delivery]:
        """The same, as a parsed copy where there is much to parse."""
        delivery, reader = read.result, self.attempt.reader
        if delivery is None or not reader.is_large(delivery):
            return read
        staged = self._without_bad_files(delivery.files, _NOTHING, partial(reader.read_staged, self.source))
        return replace(staged, unreadable=read.unreadable + staged.unreadable, idle=read.idle + staged.idle)

    def ingest(
        self, read: Outcome[Delivery], known: AbstractSet[str], files_are_noted: Callable[[], None]
    ) -> IngestedSource:
        """Judges and stores the rows.

        Args:
            known: sources that others are judged by and that have rows.
            files_are_noted: waits until `ingest_files` holds the batch, before which no row may be stored.

        Raises:
            RuleFailedError: rows break a rule of severity `fail`; none is stored.
        """
        began, delivery = time.monotonic(), read.result
        if delivery is None:
            return self._closed(IngestedSource(self.source), read)

        def work(files: Sequence[ProbedFile]) -> IngestedSource:
            same = files is delivery.files
            of_files = delivery if same else self.attempt.reader.read_staged(self.source, files)
            return self._judge_and_store(of_files, known, files_are_noted)

        try:
            done = self._without_bad_files(delivery.files, known, work)
        except _RowsStoredError as stopped:
            raise stopped.error from stopped.error.__cause__
        ingested = self._closed(done.result or IngestedSource(self.source), read, done)
        return replace(ingested, seconds=round(time.monotonic() - began, 2))

    def _closed(
        self, ingested: IngestedSource, *outcomes: Outcome[Delivery] | Outcome[IngestedSource]
    ) -> IngestedSource:
        """With the files that were left behind on the way."""
        idle = [(file, FileCensus()) for outcome in outcomes for file in outcome.idle]
        unreadable = [broken for outcome in outcomes for broken in outcome.unreadable]
        return replace(ingested, files=[*idle, *ingested.files], unreadable=unreadable)

    def _without_bad_files(
        self, files: Sequence[ProbedFile], known: AbstractSet[str], work: Callable[[Sequence[ProbedFile]], T]
    ) -> Outcome[T]:
        """Does the work on the files, without those that make it fail."""
        if not has_header(files):
            return Outcome(None, idle=tuple(files))
        try:
            return Outcome(work(files))
        except _RowsStoredError:
            raise
        except Exception as error:
            if self.attempt.rules.files["unreadable"] == "fail":
                raise
            bad = self.attempt.reader.bad_files(self.source, files, known, error)
        unreadable = tuple((file.file, {"unreadable": f"{file.file.path}: {why}"}) for file, why in bad)
        rest = [file for file in files if all(file is not other for other, _ in bad)]
        if not has_header(rest):
            return Outcome(None, unreadable, tuple(rest))
        return Outcome(work(rest), unreadable)

    def _judge_and_store(
        self, delivery: Delivery, known: AbstractSet[str], files_are_noted: Callable[[], None]
    ) -> IngestedSource:
        tables, scenario, reader = self.attempt.tables, self.attempt.scenario, self.attempt.reader
        judged, rules = delivery.judged(tables, known), delivery.rules
        # The version, as it is before the batch, is read beside.
        counts, before = concurrently(
            lambda: judged.row_counts(scenario, reader.scratch), lambda: tables.version(self.source.name)
        )
        census = take_census(counts, self.source, rules, len(delivery.files))
        ingested = IngestedSource(
            self.source,
            list(zip(delivery.files, census, strict=True)),
            span=_span(census),
            rosters=rosters(counts.frame, [file.file for file in delivery.files]) if self.source.time is None else [],
        )
        rejected = any(of_file.rejected for of_file in census)
        if rejected:
            quarantine_rows(tables, self.attempt.run_id, judged, scenario.coverage)
        if deadly := fatal(census, rules):
            broken = ", ".join(f"{name} ({count} rows)" for name, count in sorted(deadly.items()))
            where = f"see table quarantine, run {self.attempt.run_id}"
            raise RuleFailedError(f"{self.source.name}: rows break rules of severity fail: {broken}; {where}")
        if not ingested.has_good_rows:
            return ingested
        # Without rejects the rules need not be worked out again.
        fit = judged.rows.where(~rules.rejects()) if rejected else delivery.rows
        rows = fit.select(*(field.name for field in self.source.fields), "rank", "block", "place")
        good = sum(of_file.good for of_file in census)
        files_are_noted()
        stored = self._store(Batch(self.source, rows, delivery.files, good, ingested.span, counts.unique), before)
        sound = counts.frame.where(~rules.rejects())
        return replace(ingested, row_counts=sound if stored.took_all else None, alone=stored.alone)

    def _store(self, batch: Batch, before: int) -> Stored:
        try:
            return store(self.attempt.tables, self.attempt.run_id, batch, before)
        except Exception as error:
            if self.attempt.tables.version(self.source.name) != before:
                raise _RowsStoredError(error) from error
            raise


def _span(census: Sequence[FileCensus]) -> TimeRange | None:
    times = [at for of_file in census for at in (of_file.first, of_file.last) if at]
    return (min(times), max(times)) if times else None
