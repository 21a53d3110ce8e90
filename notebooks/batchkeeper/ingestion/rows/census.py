"""What a batch holds: per file how many rows, how many of them break which rule, and the span of the good ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from batchkeeper.errors import BatchkeeperError
from batchkeeper.ingestion.rows.row_counts import RowCounts
from batchkeeper.ingestion.rows.rules import CompiledRules
from batchkeeper.scenario.source import Source


@dataclass
class FileCensus:
    """The rows of one file.

    Attributes:
        rejected: rows that break a rule other than a warning.
        broken: rows per broken rule, warnings included.
        days: the days, as in the names of drops, that the good rows lie in; empty for a snapshot.
    """

    rows: int = 0
    rejected: int = 0
    first: datetime | None = None
    last: datetime | None = None
    broken: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)

    @property
    def good(self) -> int:
        """Rows fit to be stored."""
        return self.rows - self.rejected


def take_census(row_counts: RowCounts, source: Source, rules: CompiledRules, files: int) -> list[FileCensus]:
    """The census of each of the `files` files, by their rank."""
    rejecting = rules.bits("quarantine", "fail")
    result = [FileCensus() for _ in range(files)]
    for rank, mask, day, count, first, last in row_counts.by_day:
        if rank is None:
            raise BatchkeeperError(f"{source.name}: {count} lines come from a file that the batch does not list")
        census = result[rank]
        census.rows += count
        for name in rules.broken(mask):
            census.broken[name] += count
        if mask & rejecting:
            census.rejected += count
        elif day is not None:
            census.first = min(filter(None, (census.first, _time(first))))
            census.last = max(filter(None, (census.last, _time(last))))
            census.days.add(day)
    return result


def fatal(census: Sequence[FileCensus], rules: CompiledRules) -> Counter[str]:
    """Rows per broken rule of severity `fail`."""
    names = set(rules.broken(rules.bits("fail")))
    total: Counter[str] = Counter()
    for found in census:
        total.update({name: count for name, count in found.broken.items() if name in names})
    return total


def _time(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, UTC)
