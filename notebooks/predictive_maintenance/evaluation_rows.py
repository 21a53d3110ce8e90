"""Rows of the tables `evaluations` and `drift_metrics`, from the sums of `outcomes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batchkeeper.tables import Column, TableSpec

DAYS_PER_MONTH = 30.44
ALL = "all"

EVALUATIONS = TableSpec(
    "evaluations",
    (
        Column("run_id", "string"),
        Column("model_version", "string"),
        Column("horizon_h", "int", "hours"),
        Column("component", "string", "comp1 to comp4, or all = micro over the four"),
        Column("window_start", "timestamp", "first as-of time, included"),
        Column("window_end", "timestamp", "end of the as-of times, excluded"),
        Column("rows", "bigint", "labelled predictions"),
        Column("positives", "bigint"),
        Column("alerts", "bigint"),
        Column("precision", "double"),
        Column("recall", "double"),
        Column("f1", "double"),
        Column("accuracy", "double"),
        Column("brier", "double"),
        Column("calibration_error", "double", "expected calibration error over ten bins"),
        Column("rule_precision", "double", "the error-code rule on the same rows"),
        Column("rule_recall", "double"),
        Column("rule_f1", "double"),
        Column("all_negative_accuracy", "double", "accuracy of never raising an alert; its F1 is 0"),
        Column("failures", "bigint", "failures that scores were there for; only for all"),
        Column("announced", "bigint"),
        Column("announced_12h", "bigint", "announced at least 12 h ahead"),
        Column("median_hours_ahead", "double"),
        Column("false_alerts_per_machine_month", "double"),
        Column("evaluated_at", "timestamp", volatile=True),
    ),
    ("run_id", "model_version", "horizon_h", "component"),
    comment="What predictions were worth, per monitoring run; append only",
)

DRIFT_METRICS = TableSpec(
    "drift_metrics",
    (
        Column("run_id", "string"),
        Column("model_version", "string", "whose training rows are the baseline"),
        Column("feature", "string"),
        Column("window_start", "timestamp"),
        Column("window_end", "timestamp"),
        Column("rows", "bigint"),
        Column("missing_share", "double"),
        Column("psi", "double", "population stability index; from 0.25 on another distribution"),
        Column("measured_at", "timestamp", volatile=True),
    ),
    ("run_id", "model_version", "feature"),
    comment="Drift of the features against the training, per monitoring run",
)

Cell = Mapping[str, Any]


def quality(positives: float, alerts: float, true_alerts: float) -> dict[str, float]:
    """Precision, recall and F1; 0 where undefined."""
    return {
        "precision": true_alerts / alerts if alerts else 0.0,
        "recall": true_alerts / positives if positives else 0.0,
        "f1": 2 * true_alerts / (alerts + positives) if alerts + positives else 0.0,
    }


def summed(cells: Sequence[Cell]) -> dict[str, float]:
    """The sums over cells."""
    names = ("rows", "positives", "alerts", "true_alerts", "rule_alerts", "rule_true_alerts", "probability", "brier")
    return {name: sum(cell[name] for cell in cells) for name in names}


def calibration(cells: Sequence[Cell]) -> list[dict[str, float]]:
    """Per tenth of probability: rows, mean probability, observed rate."""
    found = []
    for number in sorted({int(cell["bin"]) for cell in cells}):
        total = summed([cell for cell in cells if cell["bin"] == number])
        rows = total["rows"]
        found.append({"bin": number, "rows": rows, "predicted": total["probability"] / rows, "observed": total["positives"] / rows})
    return found


def evaluation(cells: Sequence[Cell]) -> dict[str, float]:
    """All figures over labelled predictions."""
    total = summed(cells)
    rows, positives = total["rows"], total["positives"]
    hits = rows - (positives - total["true_alerts"]) - (total["alerts"] - total["true_alerts"])
    error = sum(part["rows"] * abs(part["predicted"] - part["observed"]) for part in calibration(cells)) / rows
    rule = quality(positives, total["rule_alerts"], total["rule_true_alerts"])
    return {
        "rows": rows,
        "positives": positives,
        "alerts": total["alerts"],
        **quality(positives, total["alerts"], total["true_alerts"]),
        "accuracy": hits / rows,
        "brier": total["brier"] / rows,
        "calibration_error": error,
        **{f"rule_{name}": value for name, value in rule.items()},
        "all_negative_accuracy": 1 - positives / rows,
    }


def evaluations(cells: Sequence[Cell], events: Sequence[Cell], false_alerts: Sequence[Cell]) -> list[dict[str, Any]]:
    """One row per model version, horizon and component, and one for all components."""
    found: list[dict[str, Any]] = []
    for version, horizon in sorted({(str(cell["model_version"]), int(cell["horizon_h"])) for cell in cells}):
        mine = [cell for cell in cells if (str(cell["model_version"]), cell["horizon_h"]) == (version, horizon)]
        for component in sorted({str(cell["component"]) for cell in mine}):
            part = [cell for cell in mine if cell["component"] == component]
            found.append({"model_version": version, "horizon_h": horizon, "component": component, **evaluation(part)})
        event = _one(events, version, horizon)
        alarm = _one(false_alerts, version, horizon)
        months = alarm.get("machine_days", 0) / DAYS_PER_MONTH
        row = {"model_version": version, "horizon_h": horizon, "component": ALL, **evaluation(mine)}
        row |= {name: event.get(name, 0) for name in ("failures", "announced", "announced_12h")}
        row["median_hours_ahead"] = event.get("median_hours_ahead")
        row["false_alerts_per_machine_month"] = alarm.get("episodes", 0) / months if months else 0.0
        found.append(row)
    return found


def _one(rows: Sequence[Cell], version: str, horizon: int) -> Cell:
    return next((row for row in rows if (str(row["model_version"]), row["horizon_h"]) == (version, horizon)), {})
