"""The grid of as-of times, in seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from batchkeeper.scenario.declaration import Scenario

HOUR = 3600


@dataclass(frozen=True)
class AsOfGrid:
    """As-of times `step` apart, one of them `offset` after 1970-01-01."""

    step: int
    offset: int

    @classmethod
    def of(cls, scenario: Scenario) -> AsOfGrid:
        """The grid of a scenario."""
        return cls(int(scenario.grid.every.total_seconds()), int(scenario.grid.offset.total_seconds()))

    @property
    def step_hours(self) -> float:
        """Hours between two as-of times."""
        return self.step / HOUR

    def bin_end(self, seconds: str) -> str:
        """SQL: the first as-of time T that is not before `seconds`: the end of the bin (T - step, T] that holds it."""
        return f"{seconds} + pmod({self.offset} - ({seconds}), {self.step})"

    def at_or_after(self, seconds: int) -> int:
        """The first as-of time that is not before `seconds`."""
        return seconds + (self.offset - seconds) % self.step

    def times(self, start: datetime, end: datetime) -> range:
        """As-of times in (start, end]."""
        return range(self.at_or_after(int(start.timestamp()) + 1), int(end.timestamp()) + 1, self.step)
