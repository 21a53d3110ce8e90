"""Puts the good rows of a batch into the table of their source: one row per key, the value of the latest file, nothing
written twice.

Precedence is (last-modified, path, ETag), inside one file the line. Rows whose values the table has already are left
alone; a value that loses goes to `history` before the table changes, so that an interruption loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.storing.conflicts import resolve
from batchkeeper.ingestion.storing.lineage import file_id
from batchkeeper.scenario.source import Source
from batchkeeper.tables.ingestion import source_table

ROWS_PER_FILE = 300_000
MAX_FILES = 64
_SLICE = "_slice"


@dataclass(frozen=True)
class Batch:
    """The good rows of one source in one run.

    Attributes:
        rows: the source's fields, rank, block and place.
        files: the files in order of precedence; `rank` is the place in it.
        count: number of rows.
        span: first and last time, None for a snapshot.
        unique: whether it is known that no key comes twice.
    """

    source: Source
    rows: DataFrame
    files: Sequence[ProbedFile]
    count: int
    span: TimeRange | None
    unique: bool = False


@dataclass(frozen=True)
class Stored:
    """What became of a batch.

    Attributes:
        took_all: the table took every row: no key came twice or was there before.
        alone: the table holds nothing else.
    """

    took_all: bool = False
    alone: bool = False


def store(tables: Tables, run_id: str, batch: Batch, before: int) -> Stored:
    """Brings the table of the source, now at version `before`, up to date with `batch`. Repeating changes nothing."""
    spec = source_table(batch.source)
    winners = _with_file(_winners(batch), batch, run_id)
    inserted = 0
    # Nobody has written since the table was made.
    if before == 0:
        tables.append(spec, winners, f"{run_id}:{spec.name}")
        inserted = tables.read(spec.name).count()
    # Also after an append that the table took for a repetition, because its rows were deleted since.
    alone = inserted > 0
    if not alone:
        inserted = tables.insert_only_merge(spec, winners.select(*spec.column_names), batch.span)
    # Fewer inserts than rows: some keys came twice, or were there before.
    if inserted == batch.count:
        return Stored(took_all=True, alone=alone)
    if batch.source.values:
        losers = _with_file(_ordered(batch).where("nth > 1 AND differs"), batch, run_id)
        resolve(tables, run_id, batch.source, winners, losers, batch.span, before)
    return Stored()


def _winners(batch: Batch) -> DataFrame:
    """One row for each key, in slices."""
    if batch.unique:
        return batch.rows.repartitionById(*_slices(batch))
    return _ordered(batch).where("nth = 1")


def _ordered(batch: Batch) -> DataFrame:
    """The slices with `nth` (1 = wins among the rows of its key) and `differs` (from the row that wins)."""
    same_key = Window.partitionBy(*_order(batch)).orderBy(sf.desc("rank"), sf.desc("block"), sf.desc("place"))
    count, number = _slices(batch)
    sliced = batch.rows.withColumn(_SLICE, number).repartitionById(count, sf.col(_SLICE))
    ordered = sliced.withColumn("nth", sf.row_number().over(same_key))
    if not batch.source.values:
        return ordered
    values = sf.struct(*batch.source.values)
    return ordered.withColumn("differs", ~values.eqNullSafe(sf.first(values).over(same_key)))


def _order(batch: Batch) -> list[str]:
    """The slice, then the key of the source, time first."""
    first = [_SLICE, *([batch.source.time] if batch.source.time else [])]
    return [*first, *(name for name in batch.source.key if name not in first)]


def _slices(batch: Batch) -> tuple[int, Column]:
    """Equal spans of time: how many, and in which of them a row lies.

    Each becomes one file of the table, so that a literal range in a MERGE skips the others.
    """
    slices = min(MAX_FILES, math.ceil(batch.count / ROWS_PER_FILE))
    number: Column = sf.lit(0)
    if slices > 1 and batch.span and batch.source.time:
        start, end = (time.timestamp() for time in batch.span)
        width = max((end - start) / slices, 1.0)
        number = sf.least(sf.lit(slices - 1), sf.floor((sf.unix_micros(batch.source.time) / 1e6 - start) / width)).cast(
            "int"
        )
    return slices, number


def _with_file(rows: DataFrame, batch: Batch, run_id: str) -> DataFrame:
    numbers = ", ".join(f"{file_id(run_id, probed.file)}L" for probed in batch.files)
    return rows.withColumn("file_id", sf.expr(f"get(array({numbers}), rank)"))
