"""One failure from near: readings and events, the labels around it, the scores before it; then the model's quality."""

from __future__ import annotations

import html
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from batchkeeper.contract.parameters import iso
from batchkeeper.delta.tables import Tables
from batchkeeper.exploration.failure import AFTER, HOUR, Surroundings
from batchkeeper.monitoring.figures import ALL
from batchkeeper.pages import image, page, table
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.results import EVALUATIONS, false_alert_rate

_QUALITY = ("horizon_h", "rows", "positives", "precision", "recall", "f1", "rule_f1", "brier", "calibration_error")
_EVENTS = ("horizon_h", "failures", "announced", "announced_early", "median_hours_ahead")


def render(tables: Tables, scenario: Scenario, entity: str = "") -> str:
    """The page about the last failure that was scored, of `entity` or (empty) of any.

    Raises:
        TableError: no failure has been scored.
    """
    around, noun = Surroundings.of_last_scored(tables, scenario, entity), scenario.entity.noun
    failure = around.failure
    heading = html.escape(f"{noun.capitalize()} {failure.entity}, {failure.target}, {iso(failure.at)}")
    parts = [
        f"<h1>A failure from near: {heading}</h1>",
        f"<h2>What the {noun} showed</h2><p>Readings from {around.before / HOUR:.0f} hours before to "
        f"{AFTER / HOUR:.0f} hours after, each with its mean of the days shown; events are marked where they "
        "occurred.</p>",
        image(_readings_plot(around), f"readings and events of {noun} {failure.entity}"),
        "<h2>What the labels say</h2><p>A label of as-of time T and horizon H is 1 when a failure lies in (T, T + H]. "
        "At the failure itself all of them end: what has happened is not ahead.</p>",
        image(_labels_plot(around), "labels before the failure, by horizon"),
        "<h2>What the model said</h2><p>Calibrated probability by horizon, with the threshold above which an alert is "
        "raised.</p>",
        image(_scores_plot(around), "probabilities before the failure, by horizon"),
        "<h2>How good the model is on days it never saw</h2>",
        table(_QUALITY, rows := _evaluations(tables, scenario)),
        table((*_EVENTS, false_alert_rate(scenario)), rows),
    ]
    return page(f"Exploration: {heading}", parts)


def _mark(axes: Axes) -> None:
    axes.axvline(0, color="firebrick", linewidth=1.2)
    axes.set_xlabel("hours from the failure")
    axes.label_outer()


def _readings_plot(around: Surroundings) -> Figure:
    readings, names = around.readings(), [value.name for value in around.scenario.readings.values]
    figure = Figure(figsize=(11, 1.8 * (len(names) + 1)), layout="constrained")
    panels = figure.subplots(len(names) + 1, 1, sharex=True)
    for axes, name in zip(panels, names, strict=False):
        known = [(hours, row[name]) for hours, row in readings if row[name] is not None]
        values = [value for _, value in known]
        axes.plot([hours for hours, _ in known], values, linewidth=0.8)
        axes.axhline(sum(values) / max(len(values), 1), color="grey", linewidth=0.8, linestyle="--")
        axes.set_ylabel(name)
    for hours, name, colour in around.events():
        panels[-1].scatter(hours, name, color=colour)
    for axes in panels:
        _mark(axes)
    return figure


def _labels_plot(around: Surroundings) -> Figure:
    failures, points, horizons = around.failure_hours(), around.points(), around.scenario.hours
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    axes = figure.subplots()
    for level, horizon in enumerate(horizons):
        ahead = [point for point in points if any(point < at <= point + horizon for at in failures)]
        axes.scatter(ahead, [level] * len(ahead), marker="s", s=26)
    axes.set_yticks(range(len(horizons)), [f"1 at {horizon} h" for horizon in horizons])
    axes.set(xlim=(-around.before / HOUR, AFTER / HOUR), ylim=(-0.6, len(horizons) - 0.4))
    _mark(axes)
    return figure


def _scores_plot(around: Surroundings) -> Figure:
    scores, horizons = around.scores(), around.scenario.hours
    figure = Figure(figsize=(11, 2 * len(horizons)), layout="constrained")
    panels = figure.subplots(len(horizons), 1, sharex=True, squeeze=False)[:, 0]
    for axes, horizon in zip(panels, horizons, strict=True):
        mine = [(hours, row) for hours, row in scores if row["horizon_h"] == horizon]
        axes.step([hours for hours, _ in mine], [row["probability"] for _, row in mine], where="post")
        if mine:
            axes.axhline(mine[-1][1]["threshold"], color="grey", linewidth=0.8, linestyle="--")
        axes.set(ylabel=f"{horizon} h", ylim=(-0.02, 1.02))
        _mark(axes)
    return figure


def _evaluations(tables: Tables, scenario: Scenario) -> list[dict[str, Any]]:
    """The newest figures of the monitoring pipeline, over all targets; none before it has run."""
    if not tables.exists(EVALUATIONS):
        return []
    of_all = tables.read(EVALUATIONS).where(f"{scenario.targets.called} = '{ALL}'")
    recent = of_all.orderBy("evaluated_at", ascending=False).drop("evaluated_at", "window_start", "window_end")
    newest: dict[int, dict[str, Any]] = {}
    for row in recent.limit(len(scenario.hours) * 20).collect():
        newest.setdefault(row["horizon_h"], row.asDict())
    return [newest[horizon] for horizon in sorted(newest)]
