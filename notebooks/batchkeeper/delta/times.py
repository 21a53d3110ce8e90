"""Times in SQL."""

from __future__ import annotations

from datetime import UTC, datetime

TimeRange = tuple[datetime, datetime]


def literal(time_: datetime) -> str:
    """A UTC time as a Spark SQL literal that does not depend on the session's time zone."""
    return f"TIMESTAMP '{time_.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00:00'"
