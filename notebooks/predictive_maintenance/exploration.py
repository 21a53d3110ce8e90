"""One failure from near: the machine's readings and errors, the labels around it, the scores before it; then the model's quality."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from batchkeeper.errors import TableError
from batchkeeper.parameters import iso
from batchkeeper.tables import Tables, literal
from predictive_maintenance.evaluation_rows import ALL, EVALUATIONS
from predictive_maintenance.feature_set import SENSORS
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.pages import image, page, table
from predictive_maintenance.predictions import PREDICTIONS

_HOUR = timedelta(hours=1)
_BEFORE, _AFTER = timedelta(days=10), timedelta(days=2)
_QUALITY = ("horizon_h", "rows", "positives", "precision", "recall", "f1", "rule_f1", "brier", "calibration_error")
_EVENTS = ("horizon_h", "failures", "announced", "announced_12h", "median_hours_ahead", "false_alerts_per_machine_month")


@dataclass(frozen=True)
class Failure:
    """A failure that scores were there for."""

    machine: int
    component: str
    at: datetime

    @property
    def span(self) -> tuple[datetime, datetime]:
        """What is shown around it."""
        return self.at - _BEFORE, self.at + _AFTER

    def hours(self, at: datetime) -> float:
        """Hours from the failure to `at`; negative before it."""
        return (at - self.at) / _HOUR


def render(tables: Tables, machine: int = 0) -> str:
    """The page about the last failure that was scored, of `machine` or (0) of any.

    Raises:
        TableError: no failure has been scored.
    """
    failure = _last_scored(tables, machine)
    heading = f"Machine {failure.machine}, {html.escape(failure.component)}, {iso(failure.at)}"
    parts = [
        f"<h1>A failure from near: {heading}</h1>",
        "<h2>What the machine showed</h2><p>Hourly readings in the ten days before and two after. Each sensor is drawn with its mean "
        "of the days shown; errors are marked where they occurred.</p>",
        image(_readings_plot(tables, failure), f"readings, errors and maintenance of machine {failure.machine}"),
        "<h2>What the labels say</h2><p>A label of as-of time T and horizon H is 1 when a failure lies in (T, T + H]. At the failure "
        "itself all three end: what has happened is not ahead.</p>",
        image(_labels_plot(tables, failure), "labels before the failure, by horizon"),
        "<h2>What the model said</h2><p>Calibrated probability by horizon, with the threshold above which an alert is raised.</p>",
        image(_scores_plot(tables, failure), "probabilities before the failure, by horizon"),
        "<h2>How good the model is on days it never saw</h2>",
        table(_QUALITY, rows := _evaluations(tables)),
        table(_EVENTS, rows),
    ]
    return page(f"Exploration: {heading}", parts)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _last_scored(tables: Tables, machine: int) -> Failure:
    scored = tables.read(PREDICTIONS.name).selectExpr("machine_id", "as_of").distinct()
    failures = tables.read("failures").where(f"machine_id = {int(machine)}" if machine else "true")
    ahead = failures.join(scored, "machine_id").where("as_of < ts AND ts <= as_of + INTERVAL 24 HOURS")
    row = ahead.selectExpr("unix_timestamp(ts) AS at", "machine_id", "comp").orderBy("at", "machine_id", "comp", ascending=False).first()
    if row is None:
        raise TableError("no failure lies within 24 hours of a scored point: score some days whose failures are known first")
    return Failure(int(row["machine_id"]), str(row["comp"]), _time(row["at"]))


def _around(tables: Tables, name: str, failure: Failure, *columns: str) -> list[Any]:
    start, end = failure.span
    inside = tables.read(name).where(f"machine_id = {failure.machine} AND ts BETWEEN {literal(start)} AND {literal(end)}")
    return list(inside.selectExpr("unix_timestamp(ts) AS at", *columns).orderBy("at", *columns).collect())


def _around_hours(failure: Failure, row: Any) -> float:
    return failure.hours(_time(row["at"]))


def _mark(axes: Axes) -> None:
    axes.axvline(0, color="firebrick", linewidth=1.2)
    axes.set_xlabel("hours from the failure")
    axes.label_outer()


def _readings_plot(tables: Tables, failure: Failure) -> Figure:
    readings = _around(tables, "telemetry", failure, *SENSORS)
    events = [(row, row["error_id"], "tab:orange") for row in _around(tables, "errors", failure, "error_id")]
    events += [(row, f"{row['comp']} replaced", "tab:green") for row in _around(tables, "maint", failure, "comp")]
    figure = Figure(figsize=(11, 9), layout="constrained")
    panels = figure.subplots(len(SENSORS) + 1, 1, sharex=True)
    for axes, sensor in zip(panels, SENSORS, strict=False):
        values = [row[sensor] for row in readings]
        axes.plot([_around_hours(failure, row) for row in readings], values, linewidth=0.8)
        axes.axhline(sum(values) / max(len(values), 1), color="grey", linewidth=0.8, linestyle="--")
        axes.set_ylabel(sensor)
    for row, name, colour in events:
        panels[-1].scatter(_around_hours(failure, row), name, color=colour)
    for axes in panels:
        _mark(axes)
    return figure


def _points(failure: Failure) -> list[datetime]:
    """The as-of times shown: 06:00 and 18:00 UTC."""
    start, end = failure.span
    hours = (start.replace(minute=0, second=0) + _HOUR * number for number in range(int((end - start) / _HOUR) + 1))
    return [hour for hour in hours if hour.hour in (6, 18)]


def _labels_plot(tables: Tables, failure: Failure) -> Figure:
    times = [_time(row["at"]) for row in _around(tables, "failures", failure, "comp") if row["comp"] == failure.component]
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    axes = figure.subplots()
    for level, horizon in enumerate(HORIZONS):
        ahead = [point for point in _points(failure) if any(point < at <= point + _HOUR * horizon for at in times)]
        axes.scatter([failure.hours(point) for point in ahead], [level] * len(ahead), marker="s", s=26)
    axes.set_yticks(range(len(HORIZONS)), [f"1 at {horizon} h" for horizon in HORIZONS])
    axes.set(xlim=(-_BEFORE / _HOUR, _AFTER / _HOUR), ylim=(-0.6, len(HORIZONS) - 0.4))
    _mark(axes)
    return figure


def _scores_plot(tables: Tables, failure: Failure) -> Figure:
    start, end = failure.span
    scores = tables.read(PREDICTIONS.name).where(
        f"machine_id = {failure.machine} AND component = '{failure.component}' AND NOT superseded"
        f" AND as_of BETWEEN {literal(start)} AND {literal(end)}"
    )
    rows = scores.selectExpr("unix_timestamp(as_of) AS at", "horizon_h", "probability", "threshold").orderBy("at").collect()
    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, horizon in zip(figure.subplots(len(HORIZONS), 1, sharex=True), HORIZONS, strict=True):
        mine = [row for row in rows if row["horizon_h"] == horizon]
        axes.step([_around_hours(failure, row) for row in mine], [row["probability"] for row in mine], where="post")
        if mine:
            axes.axhline(mine[-1]["threshold"], color="grey", linewidth=0.8, linestyle="--")
        axes.set(ylabel=f"{horizon} h", ylim=(-0.02, 1.02))
        _mark(axes)
    return figure


def _evaluations(tables: Tables) -> list[dict[str, Any]]:
    """The newest figures of the monitoring pipeline, over all components; none before it has run."""
    if not tables.exists(EVALUATIONS.name):
        return []
    whole = tables.read(EVALUATIONS.name).where(f"component = '{ALL}'").orderBy("evaluated_at", ascending=False)
    newest: dict[int, dict[str, Any]] = {}
    for row in whole.drop("evaluated_at", "window_start", "window_end").limit(len(HORIZONS) * 20).collect():
        newest.setdefault(row["horizon_h"], row.asDict())
    return [newest[horizon] for horizon in sorted(newest)]
