"""The scoring step: chooses the as-of points, scores them with the champion and writes predictions and the results export."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from batchkeeper.errors import ParameterError
from batchkeeper.parallel import both, side_by_side
from batchkeeper.parameters import JobParameters, Widgets, iso, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.staging import scratch_folder, staged
from batchkeeper.tables import Tables
from predictive_maintenance import registry
from predictive_maintenance.answers import score, stamped, unfolded
from predictive_maintenance.champion import SCORE, STOP, Choice, fitting, history_until, weigh
from predictive_maintenance.due import find_due
from predictive_maintenance.export import as_one, write_export, write_summary
from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.feature_store import FEATURES_TABLE
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.predictions import (
    PREDICTIONS,
    add_predictions,
    current_predictions,
    nothing_stored,
    revise_predictions,
)
from predictive_maintenance.scoring_progress import SCORING_PROGRESS, Due, record_progress

_INPUTS = (FEATURES_TABLE.name, "telemetry", "errors", "maint", "machines")
FROM_FIRST_CHAMPION, ALL = "from_first_champion", "all"
_HEADS = len(COMPONENTS) * len(HORIZONS)


@dataclass(frozen=True)
class ScoringSettings:
    """The step's own parameters.

    Attributes:
        history_policy: which of the points that no scoring has taken yet are scored. `from_first_champion`: not those up to which the
            data reached when the first champion was trained; `all`: all. A window asked for is scored whatever it says.
    """

    max_model_age_days: int = 365
    on_doubt: str = SCORE
    history_policy: str = FROM_FIRST_CHAMPION

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> ScoringSettings:
        """Reads `max_model_age_days`, `on_doubt` (score or stop) and `history_policy`; each has a default.

        Raises:
            ParameterError: one of them is none of its values.
        """
        days = text_parameter(widgets, "max_model_age_days", default=str(cls.max_model_age_days))
        if not days.isdigit():
            raise ParameterError(f"max_model_age_days: {days!r} is no whole number")
        doubt = text_parameter(widgets, "on_doubt", default=cls.on_doubt)
        if doubt not in (SCORE, STOP):
            raise ParameterError(f"on_doubt: {doubt!r} must be {SCORE} or {STOP}")
        policy = text_parameter(widgets, "history_policy", default=cls.history_policy)
        if policy not in (FROM_FIRST_CHAMPION, ALL):
            raise ParameterError(f"history_policy: {policy!r} must be {FROM_FIRST_CHAMPION} or {ALL}")
        return cls(int(days), doubt, policy)


def _not_ready(parameters: JobParameters, reason: str) -> StepResult:
    return StepResult("scoring", parameters.run_id, "not_ready", reason)


@dataclass(frozen=True)
class _Task:
    """What there is to score.

    Attributes:
        versions: Delta versions of the inputs.
        first: whether the span of the points holds no prediction of the model version yet.
    """

    due: Due
    versions: dict[str, int]
    first: bool


def _look(tables: Tables, parameters: JobParameters, policy: str, version: registry.RegisteredVersion | None) -> _Task:
    tables.ensure(PREDICTIONS, SCORING_PROGRESS)
    edge = history_until(tables, version) if version and policy == FROM_FIRST_CHAMPION else None
    due = find_due(tables, parameters, edge)
    if version is None or due.points == 0:
        return _Task(due, {}, first=True)
    versions, first = both(lambda: tables.versions(_INPUTS), lambda: nothing_stored(tables, due.span, version.version))
    return _Task(due, versions, first)


def run_scoring(tables: Tables, parameters: JobParameters, settings: ScoringSettings) -> StepResult:
    """Scores the window asked for and what is due. Without a model that may be used it writes nothing and says why.

    Repeating it writes nothing.
    """
    run_id = parameters.run_id
    if not tables.exists(FEATURES_TABLE.name):
        return _not_ready(parameters, "table features is missing: the features step has not been there")
    name = registry.model_name(tables.catalog, tables.schema)
    choice = fitting(tables, name)
    # Reading the model takes longest, so it goes on beside everything else.
    task, model = both(
        lambda: _look(tables, parameters, settings.history_policy, choice.version),
        lambda: registry.load(choice.version) if choice.version else None,
    )
    due = task.due
    if due.points == 0:
        record_progress(tables, parameters, due)
        reason = "no as-of point in the window, and none that is new or was left by a run before"
        return StepResult("scoring", run_id, "nothing_to_do", reason, counts=_counts(due, run_id))
    choice = weigh(tables, choice, due.span[1], max_age_days=settings.max_model_age_days, on_doubt=settings.on_doubt)
    if choice.version is None or model is None:
        return _not_ready(parameters, choice.refusal or "no model")
    version = choice.version
    written, superseded, alerts = _write(tables, parameters, choice, version, score(due.rows, version, model), task)
    # Last of all: rows that a killed scoring took are due again.
    _, stored = both(lambda: record_progress(tables, parameters, due), lambda: tables.version(PREDICTIONS.name))
    return StepResult(
        "scoring",
        run_id,
        counts=_counts(due, run_id, written, superseded, alerts),
        tables={**task.versions, PREDICTIONS.name: stored},
        watermark=due.span[1],
        model=(name, version.version),
        warnings=choice.notes,
        metrics={"firstAsOf": iso(due.span[0]), "lastAsOf": iso(due.span[1])},
    )


def _write(
    tables: Tables, parameters: JobParameters, choice: Choice, version: registry.RegisteredVersion, scored: DataFrame, task: _Task
) -> tuple[int, int, int]:
    """Returns how many predictions were written, superseded and alert."""
    span, count = task.due.span, task.due.points
    stamp = partial(stamped, choice=choice, version=version, run_id=parameters.run_id, inputs=task.versions)
    if not task.first:
        written, superseded = revise_predictions(tables, stamp(unfolded(scored, version)), span, version.version)
        rows = current_predictions(tables, task.due.rows.select("machine_id", "as_of"), span, version.version)
        exported = write_export(tables, parameters, as_one(rows, "as_of", "machine_id", "component", "horizon_h"))
        return written, superseded, write_summary(parameters, version, exported, span, count)
    transaction = f"predictions-{parameters.run_id}-{version.version}-{iso(span[0])}-{iso(span[1])}"
    with scratch_folder(parameters) as scratch:
        # The model answers once; what is made of its answers goes on side by side.
        answers = staged(scored, scratch)

        def append() -> None:
            add_predictions(tables, stamp(unfolded(answers, version)), span, version.version, transaction)

        def export() -> None:
            # A point's answers are in order already.
            first = unfolded(as_one(answers, "as_of", "machine_id"), version).selectExpr("*", "1 AS revision")
            write_export(tables, parameters, stamp(first))

        def summary() -> int:
            return write_summary(parameters, version, unfolded(answers, version), span, count)

        alerts, _ = both(summary, lambda: side_by_side([append, export]))
    return count * _HEADS, 0, alerts


def _counts(due: Due, run_id: str, written: int = 0, superseded: int = 0, alerts: int = 0) -> dict[str, int]:
    return {
        "asOfPoints": due.points,
        "asOfPointsCaughtUp": due.caught_up(run_id),
        "asOfPointsNotScored": due.not_scored,
        "predictions": due.points * _HEADS,
        "predictionsWritten": written,
        "predictionsSuperseded": superseded,
        "alerts": alerts,
    }
