"""The results of a scoring run for people and other systems: `results/<run id>/predictions.parquet` and `summary.json`."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import write_text
from batchkeeper.tables import Tables, literal
from predictive_maintenance.predictions import PREDICTIONS
from predictive_maintenance.registry import RegisteredVersion

SUMMARY_MACHINES = 20
"""How many of the machines most likely to fail are listed per horizon."""

_COLUMNS = (
    "machine_id",
    "as_of",
    "horizon_h",
    "component",
    "probability",
    "decision",
    "threshold",
    "reasons",
    "note",
    "model_version",
    "revision",
)


def _entry(row: Any) -> dict[str, Any]:
    return {
        "machineId": row["machine_id"],
        "asOf": iso(datetime.fromtimestamp(row["at"], UTC)),
        "component": row["component"],
        "horizonHours": row["horizon_h"],
        "probability": row["probability"],
        "alert": row["decision"],
        "reasons": list(row["reasons"]),
    }


def _write_file(rows: DataFrame, target: Path) -> None:
    """Writes one Parquet file named `target`; Spark writes a folder, whose only part is moved."""
    folder = target.with_name(f"{target.name}.writing")
    rows.coalesce(1).write.mode("overwrite").parquet(str(folder))
    part = next(folder.glob("part-*.parquet"))
    part.replace(target)
    shutil.rmtree(folder)


def _summed_up(rows: DataFrame, last: datetime) -> list[Any]:
    """Per horizon the number of alerts and, of each machine's latest point, those most likely to fail; earlier points are history."""
    entry = sf.struct(
        (-sf.col("probability")).alias("place"),
        "machine_id",
        "component",
        "horizon_h",
        sf.unix_timestamp("as_of").alias("at"),
        "probability",
        "decision",
        "reasons",
    )
    latest = sf.collect_list(sf.when(sf.expr(f"as_of = {literal(last)}"), entry))
    top = sf.slice(sf.array_sort(latest), 1, SUMMARY_MACHINES).alias("top")
    found: list[Any] = rows.groupBy("horizon_h").agg(sf.count_if("decision").alias("alerts"), top).orderBy("horizon_h").collect()
    return found


def export_results(
    tables: Tables, parameters: JobParameters, version: RegisteredVersion, points: DataFrame, span: tuple[datetime, datetime], count: int
) -> int:
    """Writes the current predictions of `points` under the volume, over an earlier attempt's; returns the number of alerts."""
    inside = f"as_of BETWEEN {literal(span[0])} AND {literal(span[1])} AND NOT superseded AND model_version = '{version.version}'"
    current = tables.read(PREDICTIONS.name).where(inside).join(points, ["machine_id", "as_of"], "left_semi")
    folder = f"results/{parameters.run_id}"
    ordered = current.select(*_COLUMNS).orderBy("as_of", "machine_id", "component", "horizon_h")
    target = parameters.path(f"{folder}/predictions.parquet")
    _write_file(ordered, target)
    # What is summed up is the file itself: the table need not be read again, and the two cannot differ.
    by_horizon = _summed_up(tables.spark.read.schema(ordered.schema).parquet(str(target)), span[1])
    summary = {
        "runId": parameters.run_id,
        "model": {"name": version.name, "version": version.version},
        "firstAsOf": iso(span[0]),
        "lastAsOf": iso(span[1]),
        "asOfPoints": count,
        "alerts": {f"{row['horizon_h']}h": row["alerts"] for row in by_horizon},
        "mostLikelyToFail": {f"{row['horizon_h']}h": [_entry(entry) for entry in row["top"]] for row in by_horizon},
    }
    write_text(parameters.path(f"{folder}/summary.json"), json.dumps(summary, indent=1, sort_keys=True, allow_nan=False) + "\n")
    return int(sum(row["alerts"] for row in by_horizon))
