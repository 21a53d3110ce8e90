"""What ingestion knows about a source of drops, and the tables it keeps about drops of any source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batchkeeper.files import FILE_ID, INGEST_FILES
from batchkeeper.tables import DEFAULT_PROPERTIES, UPDATED_PROPERTIES, Column, TableSpec

_HOUR_MICROS = 3_600_000_000
_DAY_MICROS = 24 * _HOUR_MICROS
_DAYS = re.compile(r"/(?P<first>\d{4}-\d{2}-\d{2})(?:_(?P<last>\d{4}-\d{2}-\d{2}))?\.csv(?:\.gz)?$", re.ASCII)


@dataclass(frozen=True)
class Field:
    """A column of a source file: its name in the table, its Spark type, and the header names it goes by (compared without case)."""

    name: str
    type: str
    headers: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True)
class Source:
    """One kind of drop and the table its rows go to.

    Attributes:
        key: natural key; fields beyond it are values that a later file may correct.
        time: name of the time field, or None for a snapshot.
        required: whether as-of points wait for it.
        step: spacing of the rows of one entity, when it is fixed.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    time: str | None = "ts"
    required: bool = True
    step: timedelta | None = None
    comment: str = ""

    @property
    def values(self) -> list[str]:
        """The fields that are not part of the key."""
        return [field.name for field in self.fields if field.name not in self.key]

    @property
    def spec(self) -> TableSpec:
        """The table of this source: fields, then the file of the row."""
        columns = tuple(Column(field.name, field.type, field.comment) for field in self.fields)
        # Files are found by key alone.
        skipping = {"delta.dataSkippingStatsColumns": ",".join(self.key)}
        properties = {**(UPDATED_PROPERTIES if self.step else DEFAULT_PROPERTIES), **skipping}
        return TableSpec(self.name, (*columns, FILE_ID), self.key, self.time, self.comment, properties)


@dataclass(frozen=True)
class CoverageRule:
    """Which span of time a drop's name stands for: day D covers (D-1 h:00, D h:00] UTC, with h = `hour`."""

    hour: int = 6

    def covers(self, path: str) -> tuple[datetime, datetime] | None:
        """The half-open span (from, to] of the drop at `path`, or None when its name gives no valid day or range of days."""
        match = _DAYS.search(path)
        if not match:
            return None
        try:
            first = datetime.fromisoformat(match["first"])
            last = datetime.fromisoformat(match["last"] or match["first"])
        except ValueError:
            return None
        if last < first:
            return None
        shift, day = timedelta(hours=self.hour), timedelta(days=1)
        # The first day of the calendar has none before it.
        before = max(first, datetime.min + day) - day
        return (before + shift).replace(tzinfo=UTC), (last + shift).replace(tzinfo=UTC)

    def day_of(self, moment: str) -> str:
        """The day whose file holds the time `moment`, both as Spark SQL. By numbers: intervals and dates are reckoned in time zones."""
        since = f"(unix_micros({moment}) - {self.hour * _HOUR_MICROS + 1}L)"
        return f"date_from_unix_date(CAST(({since} - pmod({since}, {_DAY_MICROS}L)) div {_DAY_MICROS}L AS INT) + 1)"


INGEST_LOG = TableSpec(
    "ingest_log",
    (
        Column("run_id", "string", "run that ingested the file"),
        Column("source", "string"),
        Column("source_path", "string", "drop path"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp"),
        Column("size", "bigint", "bytes as delivered"),
        Column("status", "string", "read or quarantined; revoked or restored: what a person decided of the coverage of this path"),
        Column("reason", "string", "why the file is in quarantine or covers nothing; who decided, and why"),
        Column("covers_from", "timestamp", "start of the span the file stands for, excluded"),
        Column("covers_to", "timestamp", "end of the span the file stands for, included"),
        Column("rows_read", "bigint"),
        Column("rows_accepted", "bigint"),
        Column("rows_quarantined", "bigint"),
        Column("rows_duplicate", "bigint"),
        Column("first_ts", "timestamp", "earliest time of an acceptable row"),
        Column("last_ts", "timestamp", "latest time of an acceptable row"),
        Column("findings", "map<string,bigint>", "rows per broken rule, warnings included"),
        Column("ingested_at", "timestamp", volatile=True),
    ),
    ("run_id", "source_path"),
    comment="One row per file and run; an empty file covers its span, one without an accepted row does not",
)

QUARANTINE = TableSpec(
    "quarantine",
    (
        Column("run_id", "string"),
        Column("source", "string"),
        Column("source_path", "string", "drop path"),
        Column("source_etag", "string"),
        Column("line", "bigint", "line in the file, from 1; 0 = the whole file"),
        Column("rule", "string", "first broken rule"),
        Column("rules", "array<string>", "all broken rules that reject"),
        Column("severity", "string", "quarantine or fail"),
        Column("raw", "string", "the line as delivered; for a whole file what is wrong with it"),
        Column("quarantined_at", "timestamp", volatile=True),
    ),
    ("run_id", "source_path", "line"),
    comment="Rejected rows and files with the reason",
)

HISTORY = TableSpec(
    "history",
    (
        Column("source", "string"),
        Column("row_key", "string", "natural key of the row, as JSON"),
        Column("row_values", "string", "the values that lost, as JSON"),
        Column("source_path", "string", "file that held them"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp"),
        Column("superseded_by_path", "string", "file whose values stand"),
        Column("superseded_by_etag", "string"),
        Column("run_id", "string", "run that found the conflict"),
        Column("recorded_at", "timestamp", volatile=True),
    ),
    ("source", "row_key", "row_values", "source_path", "source_etag"),
    comment="Values that a file with a later (last-modified, path, ETag) replaced, or that came too late",
)


CONFIRMED = TableSpec(
    "confirmed",
    (
        Column("source", "string"),
        Column("entity", "string", "first column of the natural key, as text"),
        Column("from_ts", "timestamp", "first confirmed time, included; 1970-01-01 for a snapshot"),
        Column("to_ts", "timestamp", "last confirmed time, included"),
        Column("source_path", "string"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp"),
        Column("run_id", "string"),
        Column("recorded_at", "timestamp", volatile=True),
    ),
    ("source", "entity", "from_ts", "source_path", "source_etag"),
    comment="Rows that a later file held with equal values. The rows themselves stay unwritten, yet an older file must not win over them",
)


SNAPSHOTS = TableSpec(
    "snapshots",
    (
        Column("run_id", "string", "run that read the file"),
        Column("source", "string"),
        Column("source_path", "string", "drop path"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp", "when the file was delivered"),
        Column("valid_at", "timestamp", "the time for which the snapshot speaks"),
        Column("complete", "boolean", "whether whoever is not listed is not there"),
        Column("entities", "array<string>", "who is listed, as text"),
        Column("recorded_at", "timestamp", volatile=True),
    ),
    ("run_id", "source_path"),
    comment="Whom each full snapshot lists",
)


def touched_spec(entity: Field) -> TableSpec:
    """The table of the spans that a run added or changed, per `entity` (e.g. machine)."""
    columns = (
        Column("run_id", "string"),
        Column("source", "string"),
        Column(entity.name, entity.type, entity.comment),
        Column("from_ts", "timestamp", "first new or changed time, included"),
        Column("to_ts", "timestamp", "last new or changed time, included"),
        Column("recorded_at", "timestamp", volatile=True),
    )
    comment = "Spans in which a run added or changed rows"
    return TableSpec("touched", columns, ("run_id", "source", entity.name, "from_ts", "to_ts"), "from_ts", comment)


@dataclass(frozen=True)
class Scenario:
    """All that ingestion needs to know: sources in the order of ingestion, what a drop's name covers, the rules file, the entity.

    A source that others refer to (e.g. the fleet) comes before them.
    """

    sources: tuple[Source, ...]
    coverage: CoverageRule
    rules: Path
    entity: Field

    @property
    def touched(self) -> TableSpec:
        """The table `touched` of this scenario."""
        return touched_spec(self.entity)

    @property
    def completeness(self) -> TableSpec:
        """The table `completeness` of this scenario: one row per entity and day of each source with a fixed step."""
        columns = (
            Column("source", "string"),
            Column(self.entity.name, self.entity.type, self.entity.comment),
            Column("day", "date", "day as in the names of the drops"),
            Column("readings", "int", "rows of that day"),
            Column("expected", "int", "rows that a complete day has; 0 of an entity that is not there all day, by the snapshots"),
            Column("last_ts", "timestamp", "newest row of that day"),
            Column("counted_at", "timestamp", volatile=True),
        )
        return TableSpec(
            "completeness", columns, ("source", self.entity.name, "day"), comment="Completeness and freshness per entity and day"
        )

    @property
    def tables(self) -> tuple[TableSpec, ...]:
        """Every table that ingestion writes."""
        return (
            *(source.spec for source in self.sources),
            INGEST_FILES,
            INGEST_LOG,
            QUARANTINE,
            HISTORY,
            CONFIRMED,
            SNAPSHOTS,
            self.touched,
            self.completeness,
        )
