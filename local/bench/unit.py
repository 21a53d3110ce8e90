"""Unit C: a warm Spark reads the whole telemetry CSV with a schema and writes it as Parquet."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.effort import Effort, measured
from workbench.session import LocalSession

WARM_UPS = 2
REPEATS = 3
_SCHEMA = "datetime TIMESTAMP, machineID INT, volt DOUBLE, rotate DOUBLE, pressure DOUBLE, vibration DOUBLE"


def _once(session: LocalSession, csv: Path, target: Path) -> Effort:
    with measured(session.jvm_pid) as effort:
        session.spark.read.csv(str(csv), header=True, schema=_SCHEMA).write.parquet(str(target))
        spent = effort()
    shutil.rmtree(target)
    return spent


def measure_unit(session: LocalSession, csv: Path, scratch: Path) -> list[Effort]:
    """The cost of each repeat after the warm-ups; the unit is their median."""
    spent = [_once(session, csv, scratch / "unit-c") for _ in range(WARM_UPS + REPEATS)]
    return spent[WARM_UPS:]
