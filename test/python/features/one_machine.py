"""Forty days of one machine's readings and events as frames, and its features at some times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pdm import SCENARIO
from pyspark.sql import SparkSession

from batchkeeper.features.compute import Points, SourceFrames, compute_features

AS_OF = datetime(2015, 3, 1, 6, tzinfo=UTC)
HOURS = 40 * 24
Event = tuple[int, datetime, str]


def before(hours: float) -> datetime:
    return AS_OF - timedelta(hours=hours)


def readings(*, skip: frozenset[int] = frozenset()) -> list[tuple[Any, ...]]:
    draw = np.random.default_rng(5).normal([170, 450, 100, 40], [15, 50, 10, 5], (HOURS, 4)).round(6)
    return [(1, before(hour), *map(float, draw[hour])) for hour in range(HOURS) if hour not in skip]


def sources(
    spark: SparkSession, rows: list[tuple[Any, ...]], errors: Sequence[Event] = (), maint: Sequence[Event] = ()
) -> SourceFrames:
    return SourceFrames(
        spark.createDataFrame([(1, "model3", 18)], "machine_id int, model string, age int"),
        spark.createDataFrame(
            rows, "machine_id int, ts timestamp, volt double, rotate double, pressure double, vibration double"
        ),
        {
            "errors": spark.createDataFrame(list(errors), "machine_id int, ts timestamp, error_id string"),
            "maint": spark.createDataFrame(list(maint), "machine_id int, ts timestamp, comp string"),
        },
    )


def at(spark: SparkSession, frames: SourceFrames, *times: datetime) -> list[dict[str, Any]]:
    wanted = times or (AS_OF,)
    only = (
        spark.createDataFrame([(1, time) for time in wanted], "machine_id int, as_of timestamp")
        if len(wanted) > 1
        else None
    )
    return [
        row.asDict()
        for row in compute_features(SCENARIO, frames, Points(min(wanted), max(wanted), only)).orderBy("as_of").collect()
    ]
