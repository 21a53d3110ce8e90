"""The results of a scoring run for people and other systems: `results/<run id>/predictions.parquet` and `summary.json`."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import write_text
from batchkeeper.tables import Tables, literal
from predictive_maintenance.registry import RegisteredVersion

SUMMARY_MACHINES = 20
"""How many of the machines most likely to fail are listed per horizon."""

_SCHEMA = """machine_id int, as_of timestamp, horizon_h int, component string, probability double, decision boolean, threshold double,
reasons array<string>, note string, model_version string, revision int"""
_ENTRY = """struct(-probability AS place, machine_id, component, horizon_h, unix_timestamp(as_of) AS at, probability, decision, reasons)"""


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


def as_one(rows: DataFrame, *order: str) -> DataFrame:
    """The rows as one sorted partition, which becomes one file."""
    return rows.repartition(1).sortWithinPartitions(*order)


def write_export(tables: Tables, parameters: JobParameters, rows: DataFrame) -> DataFrame:
    """Writes predictions into one file under the volume, over an earlier attempt's; returns them as they stand in it.

    `rows` are one partition (`as_one`). Spark writes a folder, whose only part is moved.
    """
    target = parameters.path(f"results/{parameters.run_id}/predictions.parquet")
    folder = target.with_name(f"{target.name}.writing")
    wanted = [part.split()[0] for part in _SCHEMA.replace("\n", " ").split(", ")]
    rows.select(*wanted).write.mode("overwrite").parquet(str(folder))
    next(folder.glob("part-*.parquet")).replace(target)
    shutil.rmtree(folder)
    return tables.spark.read.schema(_SCHEMA).parquet(str(target))


def _summed_up(exported: DataFrame, last: datetime) -> list[Any]:
    """Per horizon the number of alerts and, of each machine's latest point, those most likely to fail; earlier points are history."""
    latest = f"collect_list(CASE WHEN as_of = {literal(last)} THEN {_ENTRY} END)"
    top = f"slice(array_sort({latest}), 1, {SUMMARY_MACHINES}) AS top"
    by_horizon = exported.groupBy("horizon_h").agg(sf.expr("count_if(decision) AS alerts"), sf.expr(top))
    return sorted(by_horizon.collect(), key=lambda row: int(row["horizon_h"]))


def write_summary(
    parameters: JobParameters, version: RegisteredVersion, exported: DataFrame, span: tuple[datetime, datetime], count: int
) -> int:
    """Writes `summary.json` beside the file of predictions; returns the number of alerts."""
    by_horizon = _summed_up(exported, span[1])
    summary = {
        "runId": parameters.run_id,
        "model": {"name": version.name, "version": version.version},
        "firstAsOf": iso(span[0]),
        "lastAsOf": iso(span[1]),
        "asOfPoints": count,
        "alerts": {f"{row['horizon_h']}h": row["alerts"] for row in by_horizon},
        "mostLikelyToFail": {f"{row['horizon_h']}h": [_entry(entry) for entry in row["top"]] for row in by_horizon},
    }
    text = json.dumps(summary, indent=1, sort_keys=True, allow_nan=False)
    write_text(parameters.path(f"results/{parameters.run_id}/summary.json"), f"{text}\n")
    return int(sum(row["alerts"] for row in by_horizon))
