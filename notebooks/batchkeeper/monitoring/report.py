"""The monitoring report: one HTML file with tables and plots inside, nothing loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from batchkeeper.monitoring.figures import ALL
from batchkeeper.pages import image, page, table
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.results import false_alert_rate

_QUALITY = ("precision", "recall", "f1", "rule_f1", "accuracy", "all_negative_accuracy", "brier", "calibration_error")
_EVENTS = ("failures", "announced", "announced_early", "median_hours_ahead")
_SHOWN_FEATURES = 20


def render(scenario: Scenario, document: Mapping[str, Any]) -> str:
    """The report of `Findings.document()`."""
    called = scenario.targets.called
    rows: Sequence[Mapping[str, Any]] = document["evaluations"]
    whole = [row for row in rows if row[called] == ALL]
    parts = [
        f"<h1>Predictions and what came true</h1><p>As-of times from {document['windowStart']} to "
        f"{document['windowEnd']} (UTC), ",
        f"failures known up to {document['watermark']}. The rule is what a model must beat.</p>",
        "<h2>Quality per model version and horizon</h2>",
        table(("model_version", "horizon_h", "rows", "positives", *_QUALITY), whole),
        "<h2>Failures announced</h2>",
        table(("model_version", "horizon_h", *_EVENTS, false_alert_rate(scenario)), whole),
        "<h2>By target</h2>",
        table(
            (called, "model_version", "horizon_h", "rows", "positives", *_QUALITY),
            [row for row in rows if row[called] != ALL],
        ),
        "<h2>Calibration</h2>",
        image(_calibration_plot(document["calibration"]), "predicted probability against observed rate"),
        f"<h2>Drift of the features</h2><p>{_baseline(document)}</p>",
    ]
    if document["drift"]:
        parts += [
            image(_drift_plot(document["drift"]), "stability index by feature"),
            table(("feature", "psi", "rows", "missing"), document["drift"]),
        ]
    return page("Monitoring", parts)


def _baseline(document: Mapping[str, Any]) -> str:
    if not document["driftBaseline"]:
        return "There is no champion, hence no baseline."
    return (
        f"Against the training rows of version {html.escape(str(document['driftBaseline']))}; PSI from 0.25 "
        f"on means another distribution."
    )


def _calibration_plot(tables: Sequence[Mapping[str, Any]]) -> Figure:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    for found in tables:
        bins = found["bins"]
        name = f"version {found['model_version']}, {found['horizon_h']} h"
        axes.plot(
            [part["predicted"] for part in bins],
            [part["observed"] for part in bins],
            marker="o",
            markersize=3,
            label=name,
        )
    axes.set(xlabel="predicted probability", ylabel="observed rate", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    return figure


def _drift_plot(drift: Sequence[Mapping[str, Any]]) -> Figure:
    shown = list(reversed(drift[:_SHOWN_FEATURES]))
    figure = Figure(figsize=(7, 0.28 * len(shown) + 1), layout="constrained")
    axes = figure.subplots()
    axes.barh([found["feature"] for found in shown], [found["psi"] for found in shown])
    axes.axvline(0.25, color="firebrick", linewidth=0.8, linestyle="--")
    axes.set(xlabel="PSI")
    return figure
