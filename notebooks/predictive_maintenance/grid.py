"""The grid of as-of times: 06:00 and 18:00 UTC."""

from __future__ import annotations

from datetime import datetime

from predictive_maintenance.feature_set import GRID_HOURS, GRID_OFFSET_HOURS

HOUR = 3600
GRID_SECONDS = GRID_HOURS * HOUR
_OFFSET = GRID_OFFSET_HOURS * HOUR


def grid_point_at_or_after(seconds: str) -> str:
    """SQL: the first as-of time that is not before `seconds`: the point whose 12-hour bin (T - 12 h, T] holds it."""
    return f"{seconds} + pmod({_OFFSET} - ({seconds}), {GRID_SECONDS})"


def point_at_or_after(seconds: int) -> int:
    """The first as-of time that is not before `seconds`."""
    return seconds + (_OFFSET - seconds) % GRID_SECONDS


def grid_times(start: datetime, end: datetime) -> range:
    """As-of times in (start, end], in seconds since 1970."""
    first = -(-(int(start.timestamp()) + 1 - _OFFSET) // GRID_SECONDS) * GRID_SECONDS + _OFFSET
    return range(first, int(end.timestamp()) + 1, GRID_SECONDS)
