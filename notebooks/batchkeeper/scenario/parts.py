"""The parts of a declaration. They hold facts alone: nothing here knows Spark, and nothing is worked out before it is
asked for.

Times are UTC. Windows and horizons are whole hours.
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
        day_begins: the file of day D covers (D-1 h:00, D h:00] UTC, with h = `day_begins`.
    """

    headers: tuple[str, ...] = ("ts", "datetime", "timestamp")
    day_begins: int = 0


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


@dataclass(frozen=True)
class Windows:
    """How many hours back the features of a reading look.

    Attributes:
        mean: each gives a mean. What is longer than the step of the grid is a multiple of it.
        spread: each gives a standard deviation; none is shorter than the step of the grid.
        deviation: each gives the difference of a mean from the entity's own normal; they are among `mean`, the first is
            the one that reasons speak of.
        fresh: a window of `mean` that reasons speak of instead where it lies much farther off.
    """

    mean: tuple[int, ...]
    spread: tuple[int, ...] = ()
    deviation: tuple[int, ...] = ()
    fresh: int | None = None


@dataclass(frozen=True)
class Normal:
    """An entity's own normal: mean and spread of its readings in (T - `hours`, T - `gap_hours`]."""

    hours: int
    gap_hours: int


@dataclass(frozen=True)
class Reading:
    """A measured value that goes up and down.

    Attributes:
        largest: a value beyond is taken as missing.
    """

    name: str
    unit: str = ""
    headers: tuple[str, ...] = ()
    largest: float = 10_000
    comment: str = ""


@dataclass(frozen=True)
class Counter:
    """A value that only rises, e.g. sectors found bad: its level, and by how much it rose in each of the `rise` windows
    (hours).
    """

    name: str
    rise: tuple[int, ...]
    unit: str = ""
    headers: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True)
class Readings:
    """The source of readings at a fixed `step`. `name` is source and table."""

    name: str
    step: timedelta
    values: tuple[Reading | Counter, ...]
    windows: Windows
    normal: Normal
    comment: str = "Readings"


@dataclass(frozen=True)
class Events:
    """A source of coded events.

    Attributes:
        name: source and table.
        column: the column that holds the code.
        codes: the codes that features tell apart; each begins the names of its features.
        count: hours back that each code is counted over; multiples of the grid's step.
        since: hours after which an event is forgotten.
    """

    name: str
    column: str
    codes: tuple[str, ...]
    count: tuple[int, ...]
    since: int = 720
    headers: tuple[str, ...] = ()
    comment: str = "Events"


@dataclass(frozen=True)
class Maintenance:
    """The source of replacements, which start the age of a target's part anew.

    Attributes:
        column: the column that names the target whose part was replaced.
        visit_every: period of a maintenance calendar, each entity on its own phase; None: there is none.
    """

    name: str
    column: str
    visit_every: timedelta | None = None
    headers: tuple[str, ...] = ()
    comment: str = "Replacements, planned and after failures"


@dataclass(frozen=True)
class Targets:
    """What is predicted: the events of this source.

    Attributes:
        names: the targets.
        column: the column that names the target; None: each row is an event of the only one.
        called: the column of the target in the tables that the engine makes.
    """

    name: str
    names: tuple[str, ...]
    column: str | None = None
    called: str = "target"
    headers: tuple[str, ...] = ()
    comment: str = "Failures"
