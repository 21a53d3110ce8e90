"""Rows of the tables `evaluations` and `drift_metrics`, from the sums of `outcomes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.results import false_alert_rate

DAYS_PER_MONTH = 30.44
ALL = "all"

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
        found.append(
            {
                "bin": number,
                "rows": rows,
                "predicted": total["probability"] / rows,
                "observed": total["positives"] / rows,
            }
        )
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


def evaluations(
    scenario: Scenario, cells: Sequence[Cell], events: Sequence[Cell], false_alerts: Sequence[Cell]
) -> list[dict[str, Any]]:
    """One row per model version, horizon and target, and one for all targets."""
    called = scenario.targets.called
    found: list[dict[str, Any]] = []
    for version, horizon in sorted({(str(cell["model_version"]), int(cell["horizon_h"])) for cell in cells}):
        mine = [cell for cell in cells if (str(cell["model_version"]), cell["horizon_h"]) == (version, horizon)]
        for target in sorted({str(cell[called]) for cell in mine}):
            part = [cell for cell in mine if cell[called] == target]
            found.append({"model_version": version, "horizon_h": horizon, called: target, **evaluation(part)})
        event = _one(events, version, horizon)
        alarm = _one(false_alerts, version, horizon)
        months = alarm.get("entity_days", 0) / DAYS_PER_MONTH
        row = {"model_version": version, "horizon_h": horizon, called: ALL, **evaluation(mine)}
        row |= {name: event.get(name, 0) for name in ("failures", "announced", "announced_early")}
        row["median_hours_ahead"] = event.get("median_hours_ahead")
        row[false_alert_rate(scenario)] = alarm.get("episodes", 0) / months if months else 0.0
        found.append(row)
    return found


def _one(rows: Sequence[Cell], version: str, horizon: int) -> Cell:
    return next((row for row in rows if (str(row["model_version"]), row["horizon_h"]) == (version, horizon)), {})
