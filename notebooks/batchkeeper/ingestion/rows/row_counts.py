"""Rows counted per file, broken rules, entity and day: what the census, completeness and touched spans need to know of
a delivery.

A row count has the columns rank, mask, entity, day (as in the names of drops; null for rejected rows and snapshots),
rows, first, last (microseconds since 1970) and slots (one bit for each step of the day that holds a row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.frames import from_arrow
from batchkeeper.delta.parallel import concurrently
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.source import Source

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_BITS = 64


@dataclass(frozen=True)
class RowCounts:
    """The summed row counts of a delivery.

    Attributes:
        frame: one row count a row.
        by_day: rank, mask, day, rows, first and last; one combination of the first three may come several times.
        unique: whether they prove that no key comes twice among the good rows.
    """

    frame: DataFrame
    by_day: Sequence[Sequence[Any]]
    unique: bool = False

    @classmethod
    def of(cls, frame: DataFrame, source: Source, entity: str, rejecting: int) -> RowCounts:
        """Many counts: the driver gets only as many rows as there are combinations of file, broken rules and day.

        Other parameters are as those of `one_count_per_row`.
        """
        days = frame.groupBy("rank", "mask", "day").agg(sf.sum("rows"), sf.min("first"), sf.max("last"))
        sound = frame.where(f"mask & {rejecting}L = 0")
        return cls(frame, *concurrently(days.collect, lambda: keys_are_unique(sound, source, entity)))

    @classmethod
    def in_memory(cls, frame: DataFrame) -> RowCounts:
        """Few counts: the driver holds them, and nobody reads the delivery again for their sake."""
        table = frame.toArrow()
        columns = (table[name].to_pylist() for name in ("rank", "mask", "day", "rows", "first", "last"))
        return cls(from_arrow(frame.sparkSession, table, frame.schema), list(zip(*columns, strict=True)))


def one_count_per_row(
    rows: DataFrame, source: Source, entity: str, coverage: CoverageRule, rejecting: int = 0
) -> DataFrame:
    """A row count of each row; `summed_counts` joins them. Rows of a table need no `mask`.

    Args:
        entity: column that names the entity, e.g. the machine.
        rejecting: mask of the rules that keep a row out of the table; such a row may have any time at all.
    """
    judged = "mask" in rows.columns
    good = f"mask & {rejecting}L = 0" if judged else "TRUE"
    moment = f"IF({good}, unix_micros({source.time}), NULL)" if source.time else "CAST(NULL AS BIGINT)"
    day = f"IF({good}, {coverage.day_of(source.time)}, NULL)" if source.time else "CAST(NULL AS DATE)"
    slot = "0L"
    if source.time and source.step and _slots(source):
        step = source.step // _MICROSECOND
        micros = f"unix_micros({source.time})"
        # A time between two steps has no slot, so that its day never counts as proven.
        slot = (
            f"IF({good} AND {micros} % {step} = 0, shiftleft(1L, CAST(pmod({micros} div {step}, "
            f"{_slots(source)}) AS INT)), 0L)"
        )
    return rows.selectExpr(
        *(("rank", "mask") if judged else ("0 AS rank", "0L AS mask")),
        f"{entity} AS entity",
        f"{day} AS day",
        "1L AS rows",
        f"{moment} AS first",
        f"{moment} AS last",
        f"{slot} AS slots",
    )


def summed_counts(row_counts: DataFrame) -> DataFrame:
    """One row count for each file, mask, entity and day."""
    return row_counts.groupBy("rank", "mask", "entity", "day").agg(
        sf.sum("rows").alias("rows"),
        sf.min("first").alias("first"),
        sf.max("last").alias("last"),
        sf.bit_or("slots").alias("slots"),
    )


def keys_are_unique(row_counts: DataFrame, source: Source, entity: str) -> bool:
    """Whether the counts of good rows prove that no key comes twice: each row of an entity's day lies in a step of
    its own.
    """
    if not _slots(source) or set(source.key) != {entity, source.time}:
        return False
    days = row_counts.groupBy("entity", "day").agg(sf.sum("rows").alias("rows"), sf.bit_or("slots").alias("slots"))
    return bool(days.where("rows <> bit_count(slots)").isEmpty())


def _slots(source: Source) -> int:
    """Steps of a day, where they are whole and few enough to be bits of a number; else 0."""
    if not source.step or _DAY % source.step or _DAY // source.step > _BITS:
        return 0
    return _DAY // source.step
