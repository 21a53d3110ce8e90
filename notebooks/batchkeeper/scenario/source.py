"""One kind of drop and the table that its rows go to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Field:
    """A column of a source file.

    Attributes:
        name: in the table.
        type: its Spark type.
        headers: the names that it goes by in files, compared without case.
        optional: whether a row, or a file, may lack it.
        dates_at: of a time, the hour that a date alone stands for; None: it is no time.
    """

    name: str
    type: str
    headers: tuple[str, ...]
    comment: str = ""
    optional: bool = False
    dates_at: int | None = None


@dataclass(frozen=True)
class Source:
    """One kind of drop.

    Attributes:
        key: natural key; fields beyond it are values that a later file may correct.
        time: name of the time field, or None for a snapshot.
        required: whether as-of points wait for it.
        step: spacing of the rows of one entity, when it is fixed.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    time: str | None = "ts"
    required: bool = True
    step: timedelta | None = None
    comment: str = ""

    @property
    def values(self) -> list[str]:
        """The fields that are not part of the key."""
        return [field.name for field in self.fields if field.name not in self.key]
