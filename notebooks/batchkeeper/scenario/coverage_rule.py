"""Which span of time the name of a drop stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR_MICROS = 3_600_000_000
_DAY_MICROS = 24 * _HOUR_MICROS
_DAYS = re.compile(r"/(?P<first>\d{4}-\d{2}-\d{2})(?:_(?P<last>\d{4}-\d{2}-\d{2}))?\.csv(?:\.gz)?$", re.ASCII)


@dataclass(frozen=True)
class CoverageRule:
    """Day D covers (D-1 h:00, D h:00] UTC, with h = `hour`."""

    hour: int = 6

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
        shift, day = timedelta(hours=self.hour), timedelta(days=1)
        # The first day of the calendar has none before it.
        before = max(first, datetime.min + day) - day
        return (before + shift).replace(tzinfo=UTC), (last + shift).replace(tzinfo=UTC)

    def day_of(self, moment: str) -> str:
        """The day whose file holds the time `moment`, both as Spark SQL. By numbers: intervals and dates are reckoned
        in time zones.
        """
        since = f"(unix_micros({moment}) - {self.hour * _HOUR_MICROS + 1}L)"
        return f"date_from_unix_date(CAST(({since} - pmod({since}, {_DAY_MICROS}L)) div {_DAY_MICROS}L AS INT) + 1)"
