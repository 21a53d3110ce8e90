"""The end of an ingestion: what it wrote, whom snapshots list, the log, and how complete the days are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from batchkeeper.delta.parallel import concurrently
from batchkeeper.ingestion.attempt import Attempt, Broken
from batchkeeper.ingestion.ingested import IngestedSource
from batchkeeper.ingestion.journal.completeness import covered_days, update_completeness
from batchkeeper.ingestion.journal.log import LogEntry, record
from batchkeeper.ingestion.journal.snapshots import record_rosters
from batchkeeper.ingestion.storing.written_rows import WrittenRows, read_written_rows, record_touched


def close(attempt: Attempt, ingested: Sequence[IngestedSource], broken: Sequence[Broken]) -> list[dict[str, Any]]:
    """Spans and snapshots first, then the log, whose rows mean that files are done. Returns the entity-days that lack
    readings.
    """
    tables, scenario, run_id = attempt.tables, attempt.scenario, attempt.run_id
    with_rows = [one for one in ingested if one.has_good_rows]
    spans = {one.source: one.span for one in with_rows}
    counts = {one.source: one.row_counts for one in with_rows if one.row_counts is not None}
    written = _written_rows(attempt, with_rows)
    entries = _entries(attempt, ingested, broken, written)
    days = {
        source: covered_days(entries, source, scenario.coverage) | written.days.get(source.name, set())
        for source in scenario.sources
    }

    def note_touched() -> None:
        # A run that wrote no row touched nothing.
        if written.accepted:
            record_touched(tables, run_id, attempt.files, scenario, spans, counts)

    listed = [roster for one in ingested for roster in one.rosters]
    concurrently(note_touched, partial(record_rosters, tables, run_id, listed, scenario.coverage))
    alone = {one.source: counts[one.source] for one in with_rows if one.alone and one.source in counts}
    incomplete, _ = concurrently(
        partial(update_completeness, tables, scenario, run_id, days, alone), partial(record, tables, run_id, entries)
    )
    return incomplete


def _written_rows(attempt: Attempt, with_rows: Sequence[IngestedSource]) -> WrittenRows:
    """What the run wrote. Where rows met others of their key, and in a repetition, only the table knows which of them
    stand.
    """
    unsure = {one.source: one.span for one in with_rows if one.row_counts is None}
    written = read_written_rows(attempt.tables, attempt.files, attempt.scenario, unsure)
    for one in with_rows:
        for file, census in one.files if one.row_counts is not None else ():
            written.add(one.source.name, file.file.path, census.good, census.days)
    return written


def _entries(
    attempt: Attempt, ingested: Sequence[IngestedSource], broken: Sequence[Broken], written: WrittenRows
) -> list[LogEntry]:
    entries = []
    for file, rules in [*broken, *(one for source in ingested for one in source.unreadable)]:
        reason = "; ".join(f"{rule}: {what}" for rule, what in rules.items())
        entries.append(LogEntry.of_quarantined(file, attempt.covers(file), reason, tuple(rules)))
    for one in ingested:
        for probed, census in one.files:
            accepted = written.accepted[probed.file.path]
            covers = attempt.covers(probed.file)
            due_days = attempt.scenario.coverage.days(covers) if covers and one.source.step else None
            entries.append(LogEntry.of_read(probed, covers, census, accepted, due_days))
    return entries
