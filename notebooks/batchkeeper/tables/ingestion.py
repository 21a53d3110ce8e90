"""The tables that ingestion keeps: those of the sources, and what it knows of drops of any source."""

from __future__ import annotations

from batchkeeper.delta.specs import DEFAULT_PROPERTIES, UPDATED_PROPERTIES, Column, TableSpec
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.source import Source

INGEST_FILES = TableSpec(
    "ingest_files",
    (
        Column("file_id", "bigint", "number that stands in the rows of the file"),
        Column("run_id", "string", "run that read the file"),
        Column("source", "string"),
        Column("source_path", "string", "drop path"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp", "when the file was delivered"),
        Column("recorded_at", "timestamp", volatile=True),
    ),
    ("file_id",),
    comment="The files whose rows stand in the tables of the sources, noted before any of their rows",
)

FILE_ID = Column("file_id", "bigint", "file that holds the row and run that wrote it, see ingest_files")

LINEAGE = ("source_modified", "source_path", "source_etag")
"""What a file is known by, in order of precedence."""


INGEST_LOG = TableSpec(
    "ingest_log",
    (
        Column("run_id", "string", "run that ingested the file"),
        Column("source", "string"),
        Column("source_path", "string", "drop path"),
        Column("source_etag", "string"),
        Column("source_modified", "timestamp"),
        Column("size", "bigint", "bytes as delivered"),
        Column(
            "status",
            "string",
            "read or quarantined; revoked or restored: what a person decided of the coverage of this path",
        ),
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
    comment=(
        "Rows that a later file held with equal values. The rows themselves stay unwritten, yet an older "
        "file must not win over them"
    ),
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


def source_table(source: Source) -> TableSpec:
    """The table of a source: fields, then the file of the row."""
    columns = tuple(Column(field.name, field.type, field.comment) for field in source.fields)
    # Files are found by key alone.
    skipping = {"delta.dataSkippingStatsColumns": ",".join(source.key)}
    properties = {**(UPDATED_PROPERTIES if source.step else DEFAULT_PROPERTIES), **skipping}
    return TableSpec(source.name, (*columns, FILE_ID), source.key, source.time, source.comment, properties)


def touched_table(scenario: Scenario) -> TableSpec:
    """The spans that a run added or changed, per entity."""
    entity = scenario.entity
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


def completeness_table(scenario: Scenario) -> TableSpec:
    """One row per entity and day of each source with a fixed step."""
    entity = scenario.entity
    columns = (
        Column("source", "string"),
        Column(entity.name, entity.type, entity.comment),
        Column("day", "date", "day as in the names of the drops"),
        Column("readings", "int", "rows of that day"),
        Column(
            "expected",
            "int",
            "rows that a complete day has; 0 of an entity that is not there all day, by the snapshots",
        ),
        Column("last_ts", "timestamp", "newest row of that day"),
        Column("counted_at", "timestamp", volatile=True),
    )
    comment = "Completeness and freshness per entity and day"
    return TableSpec("completeness", columns, ("source", entity.name, "day"), comment=comment)


def ingestion_tables(scenario: Scenario) -> tuple[TableSpec, ...]:
    """Every table that ingestion writes."""
    return (
        *map(source_table, scenario.sources),
        *(INGEST_FILES, INGEST_LOG, QUARANTINE, HISTORY, CONFIRMED, SNAPSHOTS),
        touched_table(scenario),
        completeness_table(scenario),
    )
