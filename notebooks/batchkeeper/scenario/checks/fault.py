"""A fault of a declaration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

Fault = tuple[str, str]
"""A place in the declaration, such as `readings.windows.mean[2]`, and what is wrong there."""


def repeated(values: Iterable[str]) -> list[str]:
    """The names that occur more than once, compared without case."""
    return sorted(name for name, count in Counter(value.casefold() for value in values).items() if count > 1)
