"""Stores what a monitoring run found, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import functions as sf

from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.specs import TableSpec
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.results import DRIFT_METRICS, evaluations_table

Row = Mapping[str, Any]


def store_findings(
    tables: Tables, scenario: Scenario, run_id: str, window: TimeRange, judged: Sequence[Row], drift: Sequence[Row]
) -> None:
    """Adds rows of `evaluations` and `drift_metrics`, which lack run, window and time of writing."""
    concurrently(
        lambda: _insert(tables, evaluations_table(scenario), run_id, judged, window),
        lambda: _insert(tables, DRIFT_METRICS, run_id, drift, window),
    )


def _insert(tables: Tables, spec: TableSpec, run_id: str, rows: Sequence[Row], window: TimeRange) -> None:
    """Stores what a run found; its repetition stores nothing."""
    if not rows:
        return
    plain = [column for column in spec.columns if column.type != "timestamp"]
    values = [
        tuple(_typed({**row, "run_id": run_id}.get(column.name), column.type) for column in plain) for row in rows
    ]
    frame = tables.spark.createDataFrame(values, ", ".join(f"`{column.name}` {column.type}" for column in plain))
    start, end = (sf.timestamp_micros(sf.lit(int(time.timestamp() * 1_000_000))) for time in window)
    written = spec.columns[-1].name
    stamped = frame.withColumns({"window_start": start, "window_end": end, written: sf.current_timestamp()})
    tables.append(spec, stamped, f"{spec.name}-{run_id}")


def _typed(value: Any, kind: str) -> Any:
    if value is None or kind == "string":
        return value
    return float(value) if kind == "double" else int(value)
