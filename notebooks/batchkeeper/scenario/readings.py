"""The parts of a declaration about readings: what is measured, and which features look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


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
        optional: whether a row, or a file, may lack the value; else a row with an empty cell is set aside.
    """

    name: str
    unit: str = ""
    headers: tuple[str, ...] = ()
    largest: float = 10_000
    optional: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Counter:
    """A value that only rises, e.g. sectors found bad: its level, and by how much it rose in each of the `rise` windows
    (hours). `optional` as of a reading.
    """

    name: str
    rise: tuple[int, ...]
    unit: str = ""
    headers: tuple[str, ...] = ()
    optional: bool = False
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
