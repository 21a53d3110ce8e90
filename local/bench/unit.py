"""Unit C: a warm Spark reads the whole telemetry CSV with a schema and writes it as Parquet."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from workbench.effort import Effort, measured
from workbench.session import LocalSession

WARM_UPS = 2
_SCHEMA = "datetime TIMESTAMP, machineID INT, volt DOUBLE, rotate DOUBLE, pressure DOUBLE, vibration DOUBLE"


@dataclass
class Unit:
    """The unit is the median of its `repeats`, which lie between the stages: a shared machine has slow minutes and
    quick ones.
    """

    session: LocalSession
    csv: Path
    scratch: Path
    repeats: list[Effort] = field(default_factory=list)

    def warm_up(self) -> None:
        """Does the work as often as the stages are done before they are measured."""
        for _ in range(WARM_UPS):
            self._once()

    def repeat(self) -> Effort:
        """Measures the work once more."""
        self.repeats.append(self._once())
        return self.repeats[-1]

    def _once(self) -> Effort:
        target = self.scratch / "unit-c"
        with measured(self.session.jvm_pid) as effort:
            self.session.spark.read.csv(str(self.csv), header=True, schema=_SCHEMA).write.parquet(str(target))
            spent = effort()
        shutil.rmtree(target)
        return spent
