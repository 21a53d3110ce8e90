"""Unit C: a warm Spark reads the whole telemetry CSV with a schema and writes it as Parquet."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

from pyspark.sql import SparkSession

WARM_UPS = 2
REPEATS = 3
_SCHEMA = "datetime TIMESTAMP, machineID INT, volt DOUBLE, rotate DOUBLE, pressure DOUBLE, vibration DOUBLE"


def _once(spark: SparkSession, csv: Path, target: Path) -> float:
    started = time.perf_counter()
    spark.read.csv(str(csv), header=True, schema=_SCHEMA).write.parquet(str(target))
    seconds = time.perf_counter() - started
    shutil.rmtree(target)
    return seconds


def measure_unit(spark: SparkSession, csv: Path, scratch: Path) -> list[float]:
    """Seconds of each repeat after the warm-ups; the unit is their median."""
    seconds = [_once(spark, csv, scratch / "unit-c") for _ in range(WARM_UPS + REPEATS)]
    return seconds[WARM_UPS:]


def unit(seconds: list[float]) -> float:
    """The unit in seconds."""
    return statistics.median(seconds)
