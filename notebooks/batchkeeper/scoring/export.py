"""The results of a scoring run for people and other systems: `predictions.parquet`, `summary.json` and
`evidence.json`."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.contract.results import write_text
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.model.registry import RegisteredVersion
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scoring.evidence import Evidence, ranked
from batchkeeper.tables.results import predictions_table

SUMMARY_ENTITIES = 20
"""How many of the entities most likely to fail are listed per horizon."""


def as_one(rows: DataFrame, *order: str) -> DataFrame:
    """The rows as one sorted partition, which becomes one file."""
    return rows.repartition(1).sortWithinPartitions(*order)


def camel(name: str) -> str:
    """A column's name as JSON documents write it: `machine_id` becomes `machineId`."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


@dataclass(frozen=True)
class Export:
    """The files of one run under `results/<run id>/`."""

    tables: Tables
    scenario: Scenario
    parameters: JobParameters

    @property
    def _columns(self) -> dict[str, str]:
        """The columns of the file, with their types."""
        types = {column.name: column.type for column in predictions_table(self.scenario).columns}
        wanted = (*self.scenario.key, "horizon_h", self.scenario.targets.called, "probability", "decision", "threshold")
        return {name: types[name] for name in (*wanted, "reasons", "note", "model_version", "revision")}

    def write(self, rows: DataFrame) -> DataFrame:
        """Writes predictions into one file under the volume, over an earlier attempt's; returns them as they stand in
        it.

        `rows` are one partition (`as_one`). Spark writes a folder, whose only part is moved.
        """
        target = self.parameters.path(f"results/{self.parameters.run_id}/predictions.parquet")
        folder = target.with_name(f"{target.name}.writing")
        rows.select(*self._columns).write.mode("overwrite").parquet(str(folder))
        next(folder.glob("part-*.parquet")).replace(target)
        shutil.rmtree(folder)
        schema = ", ".join(f"{name} {kind}" for name, kind in self._columns.items())
        return self.tables.spark.read.schema(schema).parquet(str(target))

    def write_summary(self, version: RegisteredVersion, exported: DataFrame, span: TimeRange, count: int) -> int:
        """Writes `summary.json` and the evidence beside the file of predictions; returns the number of alerts."""
        by_horizon = self._summed_up(exported, span[1])
        summary = {
            "runId": self.parameters.run_id,
            "model": {"name": version.name, "version": version.version},
            "firstAsOf": iso(span[0]),
            "lastAsOf": iso(span[1]),
            "asOfPoints": count,
            "alerts": {f"{row['horizon_h']}h": row["alerts"] for row in by_horizon},
            "mostLikelyToFail": {
                f"{row['horizon_h']}h": [self._entry(entry) for entry in row["top"]] for row in by_horizon
            },
        }
        text = json.dumps(summary, indent=1, sort_keys=True, allow_nan=False)
        write_text(self.parameters.path(f"results/{self.parameters.run_id}/summary.json"), f"{text}\n")
        listed = ranked([row["top"] for row in by_horizon], self.scenario.entity.name)
        Evidence(self.tables, self.scenario, self.parameters, span[1]).write(listed)
        return int(sum(row["alerts"] for row in by_horizon))

    def _summed_up(self, exported: DataFrame, last: datetime) -> list[Any]:
        """Per horizon the number of alerts and, of each entity's latest point, those most likely to fail; earlier
        points are history.
        """
        entity, target = self.scenario.entity.name, self.scenario.targets.called
        columns = f"{entity}, {target}, horizon_h, unix_timestamp(as_of) AS at, probability, decision, reasons"
        latest = f"CASE WHEN as_of = {literal(last)} THEN struct(-probability AS place, {columns}) END"
        top = f"slice(array_sort(collect_list({latest})), 1, {SUMMARY_ENTITIES}) AS top"
        by_horizon = exported.groupBy("horizon_h").agg(sf.expr("count_if(decision) AS alerts"), sf.expr(top))
        return sorted(by_horizon.collect(), key=lambda row: int(row["horizon_h"]))

    def _entry(self, row: Any) -> dict[str, Any]:
        entity, target = self.scenario.entity.name, self.scenario.targets.called
        return {
            camel(entity): row[entity],
            "asOf": iso(datetime.fromtimestamp(row["at"], UTC)),
            camel(target): row[target],
            "horizonHours": row["horizon_h"],
            "probability": row["probability"],
            "alert": row["decision"],
            "reasons": list(row["reasons"]),
        }
