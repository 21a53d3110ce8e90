"""Whom each full snapshot lists. The table of a snapshot's source holds who was ever listed; only this one says who is
listed no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.tables.ingestion import SNAPSHOTS


@dataclass(frozen=True)
class Roster:
    """What one snapshot file says.

    Attributes:
        entities: who is listed, also by rows that were rejected for another value.
        complete: whether it also says who is not there. A file without a row, or with a row that names nobody, does
            not.
    """

    file: ManifestFile
    entities: Sequence[str]
    complete: bool

    def valid_at(self, coverage: CoverageRule) -> datetime:
        """The time for which it speaks (UTC): the end of the span that its name stands for, or the delivery of an
        undated file.
        """
        covers = coverage.covers(self.file.path)
        return covers[1] if covers else self.file.modified


def rosters(row_counts: DataFrame, files: Sequence[ManifestFile]) -> list[Roster]:
    """The rosters of files, by the row counts (see batchkeeper.ingestion.rows.row_counts) of their rows; `files` in the
    order of their ranks.
    """
    listed = row_counts.groupBy("rank").agg(
        sf.expr("sort_array(collect_set(CAST(entity AS STRING)))"), sf.expr("bool_and(entity IS NOT NULL)")
    )
    found = {rank: (entities, complete) for rank, entities, complete in listed.collect()}
    return [Roster(file, *found.get(rank, ([], False))) for rank, file in enumerate(files)]


def record_rosters(tables: Tables, run_id: str, found: Sequence[Roster], coverage: CoverageRule) -> None:
    """Stores the rosters in one commit, once per run."""
    if not found:
        return
    columns = [(column.name, column.type) for column in SNAPSHOTS.columns if not column.volatile]
    rows = [
        (
            run_id,
            roster.file.source,
            roster.file.path,
            roster.file.etag,
            roster.file.modified.timestamp(),
            roster.valid_at(coverage).timestamp(),
            roster.complete,
            list(roster.entities),
        )
        for roster in found
    ]
    frame = small_frame(tables.spark, columns, rows).withColumn("recorded_at", sf.current_timestamp())
    tables.append(SNAPSHOTS, frame.coalesce(1), f"{run_id}:{SNAPSHOTS.name}")


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as it stands: of several files for one time the latest delivered.

    Attributes:
        at: the time for which it speaks (UTC), in seconds since 1970.
    """

    at: int
    path: str
    complete: bool
    entities: frozenset[Any]


class Statement(NamedTuple):
    """What one run read in one snapshot file; of several for one time the greatest `lineage` (delivered, path, ETag)
    stands.
    """

    run_id: str
    lineage: tuple[int, str, str]
    snapshot: Snapshot


def read_statements(tables: Tables, source: str, entity_type: str) -> list[Statement]:
    """All that was ever read of a source's snapshots; entities as values of their Spark type, such as `int`."""
    columns = (
        "run_id",
        "unix_timestamp(valid_at)",
        "unix_micros(source_modified)",
        "source_path",
        "source_etag",
        "complete",
    )
    found = tables.read(SNAPSHOTS.name).where(f"source = '{source}'")
    rows = found.selectExpr(*columns, f"CAST(entities AS ARRAY<{entity_type}>)").toArrow()
    return [
        Statement(run_id, (modified, path, etag), Snapshot(at, path, complete, frozenset(entities)))
        for run_id, at, modified, path, etag, complete, entities in zip(
            *(column.to_pylist() for column in rows.columns), strict=True
        )
    ]


def standing(statements: Iterable[Statement]) -> list[Snapshot]:
    """The snapshots as they stand, by time."""
    latest: dict[int, Statement] = {}
    for said in statements:
        latest[said.snapshot.at] = max(said, latest.get(said.snapshot.at, said), key=lambda one: one.lineage)
    return [latest[at].snapshot for at in sorted(latest)]


def read_snapshots(tables: Tables, source: str, entity_type: str) -> list[Snapshot]:
    """The snapshots of a source as they stand, by time."""
    return standing(read_statements(tables, source, entity_type))
