"""Which span of time the name of a drop stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_HOUR_MICROS = 3_600_000_000
_DAY_MICROS = 24 * _HOUR_MICROS
_DAY = timedelta(days=1)
_DAYS = re.compile(r"/(?P<first>\d{4}-\d{2}-\d{2})(?:_(?P<last>\d{4}-\d{2}-\d{2}))?\.csv(?:\.gz)?$", re.ASCII)


@dataclass(frozen=True)
class CoverageRule:
    """Day D covers (D-1 h:00, D h:00] UTC, with h = `hour`, from 0 to 24."""

    hour: int

    def covers(self, path: str) -> tuple[datetime, datetime] | None:
        """The half-open span (from, to] of the drop at `path`, or None when its name gives no valid day or range of
        days.
        """
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
        # The first day of the calendar has none before it, the last none after it.
        before = max(first, datetime.min + _DAY) - _DAY
        until = min(last, datetime.max - self._shift) + self._shift
        return (before + self._shift).replace(tzinfo=UTC), until.replace(tzinfo=UTC)

    @property
    def _shift(self) -> timedelta:
        return timedelta(hours=self.hour)

    def days(self, span: tuple[datetime, datetime]) -> list[date]:
        """The days that a span of `covers` is made of."""
        before, last = ((moment - self._shift).date() for moment in span)
        return [before + _DAY * number for number in range(1, (last - before).days + 1)]

    def ends(self, day: date) -> datetime:
        """When a day ends; it began 24 hours before."""
        return datetime.combine(day, time(), UTC) + self._shift

    def day_of(self, moment: str) -> str:
        """The day whose file holds the time `moment`, both as Spark SQL. By numbers: intervals and dates are reckoned
        in time zones.
        """
        since = f"(unix_micros({moment}) - {self.hour * _HOUR_MICROS + 1}L)"
        return f"date_from_unix_date(CAST(({since} - pmod({since}, {_DAY_MICROS}L)) div {_DAY_MICROS}L AS INT) + 1)"
