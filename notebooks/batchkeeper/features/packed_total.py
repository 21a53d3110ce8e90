"""A sum of readings and their number in one 64-bit number: half the columns to shuffle, sort and add.

Readings are whole numbers from the first step on, so sums are exact: equal rows give equal features in any file layout
(docs/performance.md, "Packed totals").
"""

from __future__ import annotations

from dataclasses import dataclass

from batchkeeper.scenario.readings import Reading
from batchkeeper.scenario.scaling import COUNT_BITS


@dataclass(frozen=True)
class PackedTotal:
    """SQL of a packed total: the sum above COUNT_BITS, the count in them. Totals are added and subtracted as numbers
    are.

    Attributes:
        scale: what readings were multiplied by, see batchkeeper.scenario.scaling.
    """

    sql: str
    scale: int

    @classmethod
    def of_reading(cls, reading: Reading, scale: int) -> PackedTotal:
        """The total of a single value; one beyond the largest counts as missing."""
        scaled = f"floor({reading.name} * {scale} + 0.5D)"
        largest = f"{float(reading.largest)!r}D"
        packed = f"shiftleft({scaled}, {COUNT_BITS}) + 1"
        return cls(f"CASE WHEN abs({reading.name}) <= {largest} THEN {packed} ELSE 0L END", scale)

    @property
    def sum(self) -> str:
        """SQL: the sum of the scaled readings."""
        return f"shiftright({self.sql}, {COUNT_BITS})"

    @property
    def count(self) -> str:
        """SQL: how many readings entered."""
        return f"({self.sql} & {2**COUNT_BITS - 1})"

    @property
    def mean(self) -> str:
        """SQL: their mean in the reading's unit; null without any."""
        return f"{self.sum} / nullif({self.count}, 0) / {self.scale}"

    def spread(self, squares: str) -> str:
        """SQL: their sample standard deviation, given the sum of the scaled squares; null below two readings."""
        centred = f"{squares} - CAST({self.sum} AS DOUBLE) * {self.sum} / {self.count}"
        return (
            f"CASE WHEN {self.count} > 1 THEN sqrt(greatest(({centred}) / ({self.count} - 1), 0.0D)) / {self.scale} END"
        )
