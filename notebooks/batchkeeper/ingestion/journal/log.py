"""The ingest log: one row per file and run, written once and last, so that a row in it means that the file is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import functions as sf

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.contract.parameters import iso
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.rows.census import FileCensus
from batchkeeper.tables.ingestion import INGEST_LOG

COVERS_NOTHING = "covers_nothing"
_TIMES = ("source_modified", "covers_from", "covers_to", "first_ts", "last_ts")


@dataclass(frozen=True)
class LogEntry:
    """What became of one file. `rows_duplicate` = good rows that another row of the same key makes superfluous."""

    file: ManifestFile
    status: str
    reason: str | None
    covers: TimeRange | None
    census: FileCensus = field(default_factory=FileCensus)
    accepted: int = 0
    findings: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_quarantined(
        cls, file: ManifestFile, covers: TimeRange | None, reason: str, rules: Sequence[str]
    ) -> LogEntry:
        """A file that could not be read."""
        return cls(file, "quarantined", reason, covers, findings=dict.fromkeys(rules, 1))

    @classmethod
    def of_read(
        cls,
        probed: ProbedFile,
        covers: TimeRange | None,
        census: FileCensus,
        accepted: int,
        due_days: Collection[date] | None = None,
    ) -> LogEntry:
        """A file whose rows were judged; `accepted` of them stand in the table.

        It covers no time by rows that were all rejected; nor by rows that all lie outside of the days of its name
        (`due_days`, of a source whose rows have a fixed step). A file of events may hold nothing but late ones, but
        none that is later than its name.
        """
        remarks = dict(probed.broken)
        findings = {**dict.fromkeys(probed.broken, 1), **census.broken}
        doubt = None
        if covers and census.rows and not census.good:
            doubt = f"none of its {census.rows} rows was accepted"
        elif covers and due_days is not None and census.days and census.days.isdisjoint(due_days):
            doubt = f"none of its {census.good} accepted rows lies in the time that its name stands for"
        elif covers and census.first is not None and census.first > covers[1]:
            doubt = f"all of its {census.good} accepted rows are later than the time that its name stands for"
        if doubt:
            covers = None
            remarks[COVERS_NOTHING] = doubt
            findings[COVERS_NOTHING] = 1
        reason = "; ".join(f"{rule}: {what}" for rule, what in remarks.items()) or None
        return cls(probed.file, "read", reason, covers, census, accepted, findings)

    def row(self, run_id: str) -> tuple[Any, ...]:
        """The values in the order of the table, times as epoch seconds, without the volatile column."""
        census = self.census
        duplicate = census.good - self.accepted
        covers = self.covers or (None, None)
        identity = (
            run_id,
            self.file.source,
            self.file.path,
            self.file.etag,
            _seconds(self.file.modified),
            self.file.size,
        )
        counts = (census.rows, self.accepted, census.rejected, duplicate)
        spans = (_seconds(census.first), _seconds(census.last))
        return (
            *identity,
            self.status,
            self.reason,
            *map(_seconds, covers),
            *counts,
            *spans,
            dict(sorted(self.findings.items())),
        )


def record(tables: Tables, run_id: str, entries: Sequence[LogEntry]) -> None:
    """Stores the entries in one commit, once per run."""
    if not entries:
        return
    columns = [(column.name, column.type) for column in INGEST_LOG.columns if not column.volatile]
    frame = small_frame(tables.spark, columns, [entry.row(run_id) for entry in entries])
    tables.append(
        INGEST_LOG, frame.withColumn("ingested_at", sf.current_timestamp()).coalesce(1), f"{run_id}:{INGEST_LOG.name}"
    )


def logged(tables: Tables, run_id: str) -> list[dict[str, Any]]:
    """The log of one run, by path, as the outcome file shows it."""
    rows = tables.read(INGEST_LOG.name).where(sf.col("run_id") == run_id)
    plain = rows.withColumns({name: sf.unix_micros(name) for name in _TIMES}).orderBy("source_path")
    return [_shown(row.asDict()) for row in plain.collect()]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "path": row["source_path"],
        "etag": row["source_etag"],
        "source": row["source"],
        "status": row["status"],
        "reason": row["reason"],
        "coversFrom": _text(row["covers_from"]),
        "coversTo": _text(row["covers_to"]),
        "rowsRead": row["rows_read"],
        "rowsAccepted": row["rows_accepted"],
        "rowsQuarantined": row["rows_quarantined"],
        "rowsDuplicate": row["rows_duplicate"],
        "firstTs": _text(row["first_ts"]),
        "lastTs": _text(row["last_ts"]),
        "findings": row["findings"] or {},
    }


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _text(micros: int | None) -> str | None:
    return None if micros is None else iso(datetime.fromtimestamp(micros / 1e6, UTC))
