"""The monitoring report: one HTML file with tables and plots inside, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from predictive_maintenance.evaluation_rows import ALL

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.25rem .6rem;text-align:right}
th{background:#f3f3f3}td:first-child,th:first-child{text-align:left}img{max-width:100%}"""
_QUALITY = ("precision", "recall", "f1", "rule_f1", "accuracy", "all_negative_accuracy", "brier", "calibration_error")
_EVENTS = ("failures", "announced", "announced_12h", "median_hours_ahead", "false_alerts_per_machine_month")
_SHOWN_FEATURES = 20


def render(document: Mapping[str, Any]) -> str:
    """The report of `Findings.document()`."""
    rows: Sequence[Mapping[str, Any]] = document["evaluations"]
    whole = [row for row in rows if row["component"] == ALL]
    parts = [
        f"<h1>Predictions and what came true</h1><p>As-of times from {document['windowStart']} to {document['windowEnd']} (UTC), ",
        f"failures known up to {document['watermark']}. The rule alerts on the announcing error codes of the last 24 hours.</p>",
        "<h2>Quality per model version and horizon</h2>",
        _table(("model_version", "horizon_h", "rows", "positives", *_QUALITY), whole),
        "<h2>Failures announced</h2>",
        _table(("model_version", "horizon_h", *_EVENTS), whole),
        "<h2>By component</h2>",
        _table(
            ("component", "model_version", "horizon_h", "rows", "positives", *_QUALITY), [row for row in rows if row["component"] != ALL]
        ),
        "<h2>Calibration</h2>",
        _image(_calibration_plot(document["calibration"])),
        f"<h2>Drift of the features</h2><p>{_baseline(document)}</p>",
    ]
    if document["drift"]:
        parts += [_image(_drift_plot(document["drift"])), _table(("feature", "psi", "rows", "missing"), document["drift"])]
    title = "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Monitoring</title>"
    return f"{title}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _baseline(document: Mapping[str, Any]) -> str:
    if not document["driftBaseline"]:
        return "There is no champion, hence no baseline."
    return (
        f"Against the training rows of version {html.escape(str(document['driftBaseline']))}; PSI from 0.25 on means another distribution."
    )


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    if value is None:
        return "&ndash;"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return html.escape(f"{value:.0f}" if isinstance(value, float) else str(value))


def _image(figure: Figure) -> str:
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return f"<img alt='plot' src='data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}'>"


def _calibration_plot(tables: Sequence[Mapping[str, Any]]) -> Figure:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    for table in tables:
        bins = table["bins"]
        name = f"version {table['model_version']}, {table['horizon_h']} h"
        axes.plot([part["predicted"] for part in bins], [part["observed"] for part in bins], marker="o", markersize=3, label=name)
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
