"""The parts of a declaration: for whom is predicted, how time is told, who is there. See also `readings`, `events` and
`decisions` beside it.

They hold facts alone: nothing here knows Spark, and nothing is worked out before it is asked for. Times are UTC.
Windows and horizons are whole hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Entity:
    """What is predicted for, e.g. a machine.

    Attributes:
        name: its column in every table.
        type: `int`, `bigint` or `string`.
        noun: the word for one of them, in texts for people.
        headers: names of the column in files, compared without case; by default the name.
    """

    name: str
    type: str
    noun: str
    headers: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class Clock:
    """How files tell time, and when their days begin.

    Attributes:
        headers: names of the time column in files.
        day_begins: the file of day D covers (D-1 h:00, D h:00] UTC, with h = `day_begins`: with 0 the day before, with
            24 the day that it is named after.
        dates_at: the hour (UTC) that a date without a clock stands for, 24 for the end of the day; None: such a date
            is no time.
    """

    headers: tuple[str, ...] = ("ts", "datetime", "timestamp")
    day_begins: int = 0
    dates_at: int | None = None


@dataclass(frozen=True)
class Grid:
    """The as-of times: every `every`, one of them `offset` after midnight UTC."""

    every: timedelta
    offset: timedelta = timedelta(0)


@dataclass(frozen=True)
class Fact:
    """What the fleet's snapshots say of an entity.

    Attributes:
        type: `int`, `double` or `string`.
        feature: its name among the features; by default the name.
        categories: of a text, the values that the model tells apart; any other is none of these.
    """

    name: str
    type: str
    feature: str = ""
    headers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class Fleet:
    """The source of full snapshots: whom a snapshot lists is there, with these facts. `name` is source and table."""

    name: str
    facts: tuple[Fact, ...] = ()
    comment: str = "Full snapshots of the fleet"
