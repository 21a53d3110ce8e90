"""Days and hours. Day D covers (D-1 06:00, D 06:00] UTC; hours are counted from 1970-01-01 00:00 UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY_ENDS_AT = 6
_EPOCH = date(1970, 1, 1)


def closing_hour(day: date) -> int:
    """The hour D 06:00, the last one of day D."""
    return (day - _EPOCH).days * 24 + DAY_ENDS_AT


def day_of(hour: int) -> date:
    """The day that covers an hour."""
    return _EPOCH + timedelta(days=-((DAY_ENDS_AT - hour) // 24))


def at(hour: int) -> datetime:
    """The hour as an aware time."""
    return datetime.fromtimestamp(hour * 3600, UTC)


@dataclass(frozen=True)
class Span:
    """Days `first` .. `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the span {self.first} .. {self.last} ends before it begins")

    @property
    def name(self) -> str:
        """The span in a drop's file name: `<day>` or `<first>_<last>`."""
        return str(self.first) if self.first == self.last else f"{self.first}_{self.last}"

    @property
    def first_hour(self) -> int:
        """The first hour that the span covers."""
        return closing_hour(self.first) - 23

    @property
    def last_hour(self) -> int:
        """The last hour that the span covers."""
        return closing_hour(self.last)

    def days(self) -> Iterator[date]:
        """Every day, in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)
