"""Wall-clock and processor time of a piece of work. On a busy machine only processor time can be compared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Effort:
    """Seconds on the clock, and seconds of processor time of the driver JVM and this process."""

    wall: float
    cpu: float

    def __add__(self, other: Effort) -> Effort:
        return Effort(self.wall + other.wall, self.cpu + other.cpu)


NOTHING = Effort(0, 0)


def middle(efforts: list[Effort]) -> Effort:
    """The median of each."""
    return Effort(median(effort.wall for effort in efforts), median(effort.cpu for effort in efforts))


def _processor_seconds(pid: int) -> float:
    # The name of the process may hold blanks and brackets; the numbers follow the last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def measured(jvm_pid: int) -> Iterator[Callable[[], Effort]]:
    """Hands out a function that tells the effort since the beginning of the block."""

    def cpu() -> float:
        return time.process_time() + _processor_seconds(jvm_pid)

    wall, before = time.perf_counter(), cpu()
    yield lambda: Effort(time.perf_counter() - wall, cpu() - before)
