"""Up to when the data are complete: spans of the files in the ingest log, joined without gaps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import iso
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario.source import Source
from batchkeeper.tables.ingestion import INGEST_LOG

Span = tuple[datetime, datetime]
_MOST_SHOWN = 5


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans (from, to] in order, those that touch or overlap joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def read_coverage(tables: Tables, without_run: str = "") -> dict[str, list[Span]]:
    """Per source the joined spans of all files that were read and not revoked since.

    A quarantined file covers nothing, an empty file does, and one without an accepted row does not (see
    batchkeeper.ingestion.journal.log).
    """
    log = tables.read(INGEST_LOG.name).where((sf.col("status") != "quarantined") & sf.col("covers_to").isNotNull())
    if without_run:
        log = log.where(~sf.col("run_id").eqNullSafe(without_run))
    # Epoch seconds: Python's own conversion of Spark timestamps depends on the machine's time zone.
    span = [sf.unix_timestamp(name).alias(name) for name in ("covers_from", "covers_to")]
    newest = sf.max_by("status", sf.coalesce("ingested_at", sf.timestamp_seconds(sf.lit(0)))).alias("newest")
    claims = log.groupBy("source", "source_path", *span).agg(newest).where("newest <> 'revoked'")
    spans: dict[str, list[Span]] = {}
    for source, start, end in claims.select("source", "covers_from", "covers_to").distinct().collect():
        spans.setdefault(source, []).append((datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)))
    return {source: merged(found) for source, found in spans.items()}


def covered_before(tables: Tables, run_id: str) -> dict[str, datetime]:
    """Per source the end of its last span, without what the run itself noted: its repetition finds the same."""
    if not tables.exists(INGEST_LOG.name):
        return {}
    return {source: spans[-1][1] for source, spans in read_coverage(tables, without_run=run_id).items()}


def gaps(spans: Sequence[Span]) -> list[Span]:
    """The spans that lie uncovered between joined spans."""
    return [(before[1], after[0]) for before, after in itertools.pairwise(spans)]


def complete_until(coverage: Mapping[str, Sequence[Span]], sources: Iterable[Source]) -> datetime | None:
    """The end of the first gapless stretch, over all required sources.

    A snapshot (no time column) holds until the next one, so it only has to be there. None while a required source has
    no file, or while one begins after another's stretch has ended.
    """
    ends: list[datetime] = []
    starts: list[datetime] = []
    for source in sources:
        if not source.required:
            continue
        spans = coverage.get(source.name)
        if not spans:
            return None
        if source.time is not None:
            starts.append(spans[0][0])
            ends.append(spans[0][1])
    if not ends or max(starts) >= min(ends):
        return None
    return min(ends)


def watermark(tables: Tables, sources: Iterable[Source]) -> datetime | None:
    """The time (UTC) up to which every required source is covered, or None."""
    return complete_until(read_coverage(tables), sources)


def why_incomplete(sources: Sequence[Source], coverage: Mapping[str, Sequence[Span]]) -> str:
    """What keeps the watermark from being anywhere: the reason of a step that has to wait for files."""
    missing = missing_spans(sources, coverage)
    if len(missing) > _MOST_SHOWN:
        missing = [*missing[:_MOST_SHOWN], f"{len(missing) - _MOST_SHOWN} more"]
    return f"no time up to which all required sources are covered: {'; '.join(missing)}"


def missing_spans(sources: Sequence[Source], coverage: Mapping[str, Sequence[Span]]) -> list[str]:
    """Required sources without a file for some span: silence of a source is not the same as an empty file."""
    found = []
    newest = max(
        (spans[-1][1] for source in sources if source.time and (spans := coverage.get(source.name))), default=None
    )
    for source in sources:
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
