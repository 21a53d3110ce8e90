"""The scoring step: chooses the as-of points, scores them with the champion and writes predictions and the results export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError
from batchkeeper.parallel import both, side_by_side
from batchkeeper.parameters import JobParameters, Widgets, iso, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.staging import scratch_folder, staged
from batchkeeper.tables import Tables, literal
from predictive_maintenance import registry
from predictive_maintenance.answers import score, stamped, unfolded
from predictive_maintenance.champion import SCORE, STOP, Choice, fitting, weigh
from predictive_maintenance.export import as_one, write_export, write_summary
from predictive_maintenance.feature_set import COMPONENTS, FEATURE_SET_VERSION
from predictive_maintenance.feature_store import FEATURES_TABLE
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.predictions import PREDICTIONS, current_predictions, nothing_stored, revise_predictions

_INPUTS = (FEATURES_TABLE.name, "telemetry", "errors", "maint", "machines")
_HEADS = len(COMPONENTS) * len(HORIZONS)


@dataclass(frozen=True)
class ScoringSettings:
    """The step's own parameters."""

    max_model_age_days: int = 365
    on_doubt: str = SCORE

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> ScoringSettings:
        """Reads `max_model_age_days` and `on_doubt` (score or stop); each has a default."""
        days = text_parameter(widgets, "max_model_age_days", default=str(cls.max_model_age_days))
        if not days.isdigit():
            raise ParameterError(f"max_model_age_days: {days!r} is no whole number")
        doubt = text_parameter(widgets, "on_doubt", default=cls.on_doubt)
        if doubt not in (SCORE, STOP):
            raise ParameterError(f"on_doubt: {doubt!r} must be {SCORE} or {STOP}")
        return cls(int(days), doubt)


def points_to_score(tables: Tables, parameters: JobParameters) -> DataFrame:
    """Feature rows of the window asked for; without one those that this run's features step added or changed."""
    rows = tables.read(FEATURES_TABLE.name).where(sf.col("feature_set_version") == FEATURE_SET_VERSION)
    if parameters.window_start and parameters.window_end:
        return rows.where(f"as_of >= {literal(parameters.window_start)} AND as_of < {literal(parameters.window_end)}")
    return rows.where(sf.col("run_id") == parameters.run_id)


def _not_ready(parameters: JobParameters, reason: str) -> StepResult:
    return StepResult("scoring", parameters.run_id, "not_ready", reason)


@dataclass(frozen=True)
class _Task:
    """What there is to score.

    Attributes:
        points: how many.
        span: first and last as-of time.
        versions: Delta versions of the inputs.
        first: whether the span holds no prediction of the model version yet.
    """

    points: int
    span: tuple[datetime, datetime]
    versions: dict[str, int]
    first: bool


def _look(tables: Tables, points: DataFrame, version: registry.RegisteredVersion | None) -> _Task | None:
    """None without a point."""
    tables.ensure(PREDICTIONS)
    row = points.agg(sf.expr("count(*)"), sf.expr("unix_timestamp(min(as_of))"), sf.expr("unix_timestamp(max(as_of))")).first()
    if row is None or not row[0]:
        return None
    span = datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC)
    if version is None:
        return _Task(row[0], span, {}, first=True)
    versions, first = both(lambda: tables.versions(_INPUTS), lambda: nothing_stored(tables, span, version.version))
    return _Task(row[0], span, versions, first)


def run_scoring(tables: Tables, parameters: JobParameters, settings: ScoringSettings) -> StepResult:
    """Scores the points of this run. Without a model that may be used it writes nothing and says why; repeating it writes nothing."""
    run_id = parameters.run_id
    if not tables.exists(FEATURES_TABLE.name):
        return _not_ready(parameters, "table features is missing: the features step has not been there")
    name = registry.model_name(tables.catalog, tables.schema)
    points, choice = points_to_score(tables, parameters), fitting(tables, name)
    # Reading the model takes longest, so it goes on beside everything else.
    task, model = both(lambda: _look(tables, points, choice.version), lambda: registry.load(choice.version) if choice.version else None)
    if task is None:
        return StepResult("scoring", run_id, "nothing_to_do", "no as-of point in the window or new in this run", counts=_counts())
    choice = weigh(tables, choice, task.span[1], max_age_days=settings.max_model_age_days, on_doubt=settings.on_doubt)
    if choice.version is None or model is None:
        return _not_ready(parameters, choice.refusal or "no model")
    scored = score(points, choice.version, model)
    written, superseded, alerts = _write(tables, parameters, choice, choice.version, points, scored, task)
    return StepResult(
        "scoring",
        run_id,
        counts=_counts(task.points, written, superseded, alerts),
        tables={**task.versions, PREDICTIONS.name: tables.version(PREDICTIONS.name)},
        watermark=task.span[1],
        model=(name, choice.version.version),
        warnings=choice.notes,
        metrics={"firstAsOf": iso(task.span[0]), "lastAsOf": iso(task.span[1])},
    )


def _write(
    tables: Tables,
    parameters: JobParameters,
    choice: Choice,
    version: registry.RegisteredVersion,
    points: DataFrame,
    scored: DataFrame,
    task: _Task,
) -> tuple[int, int, int]:
    """Returns how many predictions were written, superseded and alert."""
    span = task.span
    stamp = partial(stamped, choice=choice, version=version, run_id=parameters.run_id, inputs=task.versions)
    if not task.first:
        written, superseded = revise_predictions(tables, stamp(unfolded(scored, version)), span, version.version)
        rows = current_predictions(tables, points.select("machine_id", "as_of"), span, version.version)
        exported = write_export(tables, parameters, as_one(rows, "as_of", "machine_id", "component", "horizon_h"))
        return written, superseded, write_summary(parameters, version, exported, span, task.points)
    transaction = f"predictions-{parameters.run_id}-{version.version}-{iso(span[0])}-{iso(span[1])}"
    with scratch_folder(parameters) as scratch:
        # The model answers once; what is made of its answers goes on side by side.
        answers = staged(scored, scratch)

        def append() -> None:
            first = unfolded(answers, version).selectExpr("*", "1 AS revision", "false AS superseded")
            tables.append(PREDICTIONS, stamp(first), transaction)

        def export() -> None:
            # A point's answers are in order already.
            first = unfolded(as_one(answers, "as_of", "machine_id"), version).selectExpr("*", "1 AS revision")
            write_export(tables, parameters, stamp(first))

        def summary() -> int:
            return write_summary(parameters, version, unfolded(answers, version), span, task.points)

        alerts, _ = both(summary, lambda: side_by_side([append, export]))
    return task.points * _HEADS, 0, alerts


def _counts(points: int = 0, written: int = 0, superseded: int = 0, alerts: int = 0) -> dict[str, int]:
    return {
        "asOfPoints": points,
        "predictions": points * _HEADS,
        "predictionsWritten": written,
        "predictionsSuperseded": superseded,
        "alerts": alerts,
    }
