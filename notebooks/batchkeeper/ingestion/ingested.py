"""What the files of one source came to, on the way and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pyspark.sql import DataFrame

from batchkeeper.delta.times import TimeRange
from batchkeeper.ingestion.attempt import Broken
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.journal.snapshots import Roster
from batchkeeper.ingestion.rows.census import FileCensus
from batchkeeper.scenario.source import Source

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What a piece of work on files came to.

    Attributes:
        result: None when no file with a header is left.
        unreadable: files that made the work fail.
        idle: files for which no work was done, since they hold no row.
    """

    result: T | None
    unreadable: tuple[Broken, ...] = ()
    idle: tuple[ProbedFile, ...] = ()


@dataclass(frozen=True)
class IngestedSource:
    """What the files of one source came to.

    Attributes:
        files: those that were read, and what each had in it.
        unreadable: those that could not be.
        span: first and last time of the good rows; None for a snapshot.
        rosters: whom snapshots list.
        row_counts: of all good rows, when the table took every one of them in this attempt.
        alone: whether its table holds nothing else.
    """

    source: Source
    files: Sequence[tuple[ProbedFile, FileCensus]] = ()
    unreadable: Sequence[Broken] = ()
    span: TimeRange | None = None
    rosters: Sequence[Roster] = ()
    row_counts: DataFrame | None = None
    alone: bool = False
    seconds: float | None = None

    @property
    def has_good_rows(self) -> bool:
        """Whether any row was fit to be stored."""
        return any(census.good for _, census in self.files)
