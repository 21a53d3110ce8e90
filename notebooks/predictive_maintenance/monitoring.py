"""The monitoring step: what predictions were worth once the truth is in, and how far the features have moved since the training."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import functions as sf

from batchkeeper.drift import SERIOUS, Drift, measure_drift
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import StepResult, write_text
from batchkeeper.tables import Tables, TableSpec, literal
from predictive_maintenance import outcomes
from predictive_maintenance.evaluation_rows import ALL, DRIFT_METRICS, EVALUATIONS, calibration, evaluations
from predictive_maintenance.monitoring_report import render
from predictive_maintenance.registry import CHAMPION, describe, find_alias, model_name
from predictive_maintenance.sources import watermark

STEP = "monitoring"
DEFAULT_WINDOW = timedelta(days=35)
_MAX_DRIFTED = 5


@dataclass(frozen=True)
class Findings:
    """All that a monitoring run found.

    Attributes:
        cells: sums per model version, horizon, component and tenth of probability.
        drift: by falling PSI; empty without a champion.
        champion: version whose training rows are the baseline of the drift, or None.
    """

    start: datetime
    end: datetime
    watermark: datetime
    rows: Sequence[Mapping[str, Any]]
    cells: Sequence[Mapping[str, Any]]
    drift: Sequence[Drift]
    champion: str | None

    def document(self) -> dict[str, Any]:
        """The findings as JSON."""
        tables = []
        for row in self.rows:
            key = (row["model_version"], row["horizon_h"])
            part = [cell for cell in self.cells if (str(cell["model_version"]), cell["horizon_h"]) == key]
            if row["component"] == ALL:
                tables.append({"model_version": key[0], "horizon_h": key[1], "bins": calibration(part)})
        return {
            "windowStart": iso(self.start),
            "windowEnd": iso(self.end),
            "watermark": iso(self.watermark),
            "evaluations": list(self.rows),
            "calibration": tables,
            "drift": [vars(drift) for drift in self.drift],
            "driftBaseline": self.champion,
        }


def run_monitoring(tables: Tables, parameters: JobParameters) -> StepResult:
    """Evaluates the window asked for, else the last 35 days before the watermark. Repeating a run writes nothing new."""
    started = time.monotonic()
    tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
    tables.ensure(EVALUATIONS, DRIFT_METRICS)
    until = watermark(tables) if tables.exists("ingest_log") else None
    if until is None or not tables.exists("predictions"):
        reason = "a required source has no data yet" if until is None else "nothing has been scored yet"
        return StepResult(STEP, parameters.run_id, "not_ready", reason)
    findings = examine(tables, parameters, until)
    if not findings.rows:
        return StepResult(STEP, parameters.run_id, "nothing_to_do", "no prediction of the window has its outcome yet", watermark=until)
    _store(tables, parameters.run_id, findings)
    folder = f"results/{parameters.run_id}"
    write_text(parameters.path(f"{folder}/monitoring.json"), json.dumps(findings.document(), indent=1, allow_nan=False, default=str) + "\n")
    write_text(parameters.path(f"{folder}/monitoring.html"), render(findings.document()))
    return StepResult(
        step=STEP,
        run_id=parameters.run_id,
        counts={"predictionsLabelled": sum(int(cell["rows"]) for cell in findings.cells), "featuresChecked": len(findings.drift)},
        tables=tables.versions([EVALUATIONS.name, DRIFT_METRICS.name]),
        watermark=until,
        warnings=warnings(findings),
        outcome_path=f"{folder}/monitoring.json",
        metrics={
            "durationSeconds": round(time.monotonic() - started, 2),
            "featuresDrifted": sum(drift.psi >= SERIOUS for drift in findings.drift),
        },
    )


def examine(tables: Tables, parameters: JobParameters, until: datetime) -> Findings:
    """Everything about the window, unsaved."""
    end = parameters.window_end or until
    start = parameters.window_start or end - DEFAULT_WINDOW
    rows = outcomes.labelled_predictions(tables, start, end, until)
    name = model_name(tables.catalog, tables.schema)
    champion = find_alias(name, CHAMPION)
    (cells, drift), (events, wrong) = both(
        lambda: both(lambda: outcomes.tally(rows), lambda: _drift(tables, name, champion, start, end)),
        lambda: both(lambda: outcomes.event_view(tables, rows), lambda: outcomes.false_alerts(rows)),
    )
    if not cells:
        return Findings(start, end, until, [], [], [], champion)
    return Findings(start, end, until, evaluations(cells, events, wrong), cells, drift, champion)


def _drift(tables: Tables, name: str, champion: str | None, start: datetime, end: datetime) -> list[Drift]:
    if champion is None:
        return []
    window = tables.read("features").where(f"as_of >= {literal(start)} AND as_of < {literal(end)}")
    return measure_drift(window, describe(name, champion).card.drift_baseline)


def warnings(findings: Findings) -> list[str]:
    """What a person should look at: a model no better than the rule, and features that moved."""
    found = []
    for row in findings.rows:
        if row["component"] == ALL and row["horizon_h"] == 24 and row["f1"] <= row["rule_f1"] and row["positives"]:
            figures = f"F1 {row['f1']:.3f} at 24 h is no better than the error-code rule's {row['rule_f1']:.3f}"
            found.append(f"model version {row['model_version']}: {figures}")
    moved = [drift for drift in findings.drift if drift.psi >= SERIOUS]
    if moved:
        listed = ", ".join(f"{drift.feature} {drift.psi:.2f}" for drift in moved[:_MAX_DRIFTED])
        found.append(f"{len(moved)} features have drifted (PSI from {SERIOUS} on): {listed}")
    return found


def _store(tables: Tables, run_id: str, findings: Findings) -> None:
    window = (findings.start.timestamp(), findings.end.timestamp())
    drift = [
        {
            "run_id": run_id,
            "model_version": findings.champion,
            "feature": found.feature,
            "rows": found.rows,
            "missing_share": found.missing,
            "psi": found.psi,
        }
        for found in findings.drift
    ]
    judged = [{**row, "run_id": run_id} for row in findings.rows]
    both(lambda: _insert(tables, EVALUATIONS, run_id, judged, window), lambda: _insert(tables, DRIFT_METRICS, run_id, drift, window))


def _insert(tables: Tables, spec: TableSpec, run_id: str, rows: Sequence[Mapping[str, Any]], window: tuple[float, float]) -> None:
    """Stores what a run found; its repetition stores nothing."""
    if not rows:
        return
    plain = [column for column in spec.columns if column.type != "timestamp"]
    values = [tuple(_typed(row.get(column.name), column.type) for column in plain) for row in rows]
    frame = tables.spark.createDataFrame(values, ", ".join(f"`{column.name}` {column.type}" for column in plain))
    start, end = (sf.timestamp_micros(sf.lit(int(second * 1_000_000))) for second in window)
    written = spec.columns[-1].name
    stamped = frame.withColumns({"window_start": start, "window_end": end, written: sf.current_timestamp()})
    tables.append(spec, stamped, f"{spec.name}-{run_id}")


def _typed(value: Any, kind: str) -> Any:
    if value is None or kind == "string":
        return value
    return float(value) if kind == "double" else int(value)
