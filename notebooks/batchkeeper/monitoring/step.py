"""The monitoring step: what predictions were worth once the truth is in, and how far the features have moved since the
training.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.contract.results import StepResult, write_text
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.ingestion.journal.coverage import watermark
from batchkeeper.model.registry import CHAMPION, describe, find_alias, model_name
from batchkeeper.monitoring.drift import SERIOUS, Drift, measure_drift
from batchkeeper.monitoring.figures import ALL, calibration, evaluations
from batchkeeper.monitoring.outcomes import MOST_HAPPENED, Outcomes
from batchkeeper.monitoring.report import render
from batchkeeper.monitoring.storing import store_findings
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.features import FEATURES
from batchkeeper.tables.results import DRIFT_METRICS, EVALUATIONS, PREDICTIONS, evaluations_table

STEP = "monitoring"
JUDGED = timedelta(days=28)
"""How many days of predictions are judged at the longest horizon, when no window is asked for."""
_MAX_DRIFTED = 5


@dataclass(frozen=True)
class Findings:
    """All that a monitoring run found.

    Attributes:
        cells: sums per model version, horizon, target and tenth of probability.
        drift: by falling PSI; empty without a champion.
        champion: version whose training rows are the baseline of the drift, or None.
        happened: what failed, the newest first.
    """

    scenario: Scenario
    start: datetime
    end: datetime
    watermark: datetime
    rows: Sequence[Mapping[str, Any]]
    cells: Sequence[Mapping[str, Any]]
    drift: Sequence[Drift]
    champion: str | None
    happened: Sequence[Mapping[str, str]] = ()

    def document(self) -> dict[str, Any]:
        """The findings as JSON."""
        tables = []
        for row in self.rows:
            key = (row["model_version"], row["horizon_h"])
            part = [cell for cell in self.cells if (str(cell["model_version"]), cell["horizon_h"]) == key]
            if row[self.scenario.targets.called] == ALL:
                tables.append({"model_version": key[0], "horizon_h": key[1], "bins": calibration(part)})
        return {
            "windowStart": iso(self.start),
            "windowEnd": iso(self.end),
            "watermark": iso(self.watermark),
            "evaluations": list(self.rows),
            "calibration": tables,
            "drift": [vars(drift) for drift in self.drift],
            "driftBaseline": self.champion,
            "happened": self._happened(),
        }

    def _happened(self) -> dict[str, Any]:
        """What failed, and the span in which nothing else did."""
        rows = list(self.happened)
        since = rows[-1]["at"] if len(rows) >= MOST_HAPPENED else iso(self.start)
        return {"from": since, "until": iso(self.watermark), "failures": rows}


def run_monitoring(tables: Tables, scenario: Scenario, parameters: JobParameters) -> StepResult:
    """Evaluates the window asked for, else the last 28 days and the longest horizon before the watermark. A repetition
    writes nothing new.
    """
    started = time.monotonic()
    tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
    tables.ensure(evaluations_table(scenario), DRIFT_METRICS)
    until = watermark(tables, scenario.sources) if tables.exists("ingest_log") else None
    if until is None or not tables.exists(PREDICTIONS):
        reason = "a required source has no data yet" if until is None else "nothing has been scored yet"
        return StepResult(STEP, parameters.run_id, "not_ready", reason)
    findings = examine(tables, scenario, parameters, until)
    if not findings.rows:
        return StepResult(
            STEP, parameters.run_id, "nothing_to_do", "no prediction of the window has its outcome yet", watermark=until
        )
    window = (findings.start, findings.end)
    drift = [_drift_row(findings, one) for one in findings.drift]
    store_findings(tables, scenario, parameters.run_id, window, findings.rows, drift)
    folder = f"results/{parameters.run_id}"
    write_text(
        parameters.path(f"{folder}/monitoring.json"),
        json.dumps(findings.document(), indent=1, allow_nan=False, default=str) + "\n",
    )
    write_text(parameters.path(f"{folder}/monitoring.html"), render(scenario, findings.document()))
    return StepResult(
        step=STEP,
        run_id=parameters.run_id,
        counts={
            "predictionsLabelled": sum(int(cell["rows"]) for cell in findings.cells),
            "featuresChecked": len(findings.drift),
        },
        tables=tables.versions([EVALUATIONS, DRIFT_METRICS.name]),
        watermark=until,
        warnings=warnings(findings),
        outcome_path=f"{folder}/monitoring.json",
        metrics={
            "durationSeconds": round(time.monotonic() - started, 2),
            "featuresDrifted": sum(drift.psi >= SERIOUS for drift in findings.drift),
        },
    )


def examine(tables: Tables, scenario: Scenario, parameters: JobParameters, until: datetime) -> Findings:
    """Everything about the window, unsaved."""
    end = parameters.window_end or until
    start = parameters.window_start or end - JUDGED - timedelta(hours=scenario.hours[-1])
    outcomes = Outcomes(tables, scenario, start, end, until)
    rows = outcomes.labelled()
    name = model_name(tables, scenario)
    champion = find_alias(name, CHAMPION)
    ((cells, drift), happened), (events, wrong) = concurrently(
        lambda: concurrently(
            lambda: concurrently(lambda: outcomes.tally(rows), lambda: _drift(tables, name, champion, start, end)),
            outcomes.happened,
        ),
        lambda: concurrently(lambda: outcomes.event_view(rows), lambda: outcomes.false_alerts(rows)),
    )
    if not cells:
        return Findings(scenario, start, end, until, [], [], [], champion)
    return Findings(
        scenario, start, end, until, evaluations(scenario, cells, events, wrong), cells, drift, champion, happened
    )


def _drift(tables: Tables, name: str, champion: str | None, start: datetime, end: datetime) -> list[Drift]:
    if champion is None:
        return []
    window = tables.read(FEATURES).where(f"as_of >= {literal(start)} AND as_of < {literal(end)}")
    return measure_drift(window, describe(name, champion).card.drift_baseline)


def warnings(findings: Findings) -> list[str]:
    """What a person should look at: a model no better than the rule, and features that moved."""
    found, first = [], findings.scenario.hours[0]
    for row in findings.rows:
        shortest = row[findings.scenario.targets.called] == ALL and row["horizon_h"] == first
        if shortest and row["f1"] <= row["rule_f1"] and row["positives"]:
            figures = f"F1 {row['f1']:.3f} at {first} h is no better than the rule's {row['rule_f1']:.3f}"
            found.append(f"model version {row['model_version']}: {figures}")
    moved = [drift for drift in findings.drift if drift.psi >= SERIOUS]
    if moved:
        listed = ", ".join(f"{drift.feature} {drift.psi:.2f}" for drift in moved[:_MAX_DRIFTED])
        found.append(f"{len(moved)} features have drifted (PSI from {SERIOUS} on): {listed}")
    return found


def _drift_row(findings: Findings, drift: Drift) -> dict[str, Any]:
    return {
        "model_version": findings.champion,
        "feature": drift.feature,
        "rows": drift.rows,
        "missing_share": drift.missing,
        "psi": drift.psi,
    }
