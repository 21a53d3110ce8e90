"""The scoring step: chooses the as-of points, scores them with the champion and writes predictions and the results
export.
"""

from __future__ import annotations

from dataclasses import dataclass

from batchkeeper.contract.parameters import JobParameters, Widgets, iso, text_parameter
from batchkeeper.contract.results import StepResult
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import ParameterError
from batchkeeper.model import registry
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scoring.champion import SCORE, STOP, fitting, history_until, weigh
from batchkeeper.scoring.due import find_due
from batchkeeper.scoring.prediction_rows import Scorer
from batchkeeper.scoring.predictions import StoredPredictions
from batchkeeper.scoring.progress import Due, record_progress
from batchkeeper.scoring.writing import Task, write
from batchkeeper.tables.features import FEATURES
from batchkeeper.tables.results import PREDICTIONS, SCORING_PROGRESS, predictions_table

FROM_FIRST_CHAMPION, ALL = "from_first_champion", "all"


@dataclass(frozen=True)
class ScoringSettings:
    """The step's own parameters.

    Attributes:
        history_policy: which of the points that no scoring has taken yet are scored. `from_first_champion`: not those
            up to which the data reached when the first champion was trained; `all`: all. A window asked for is scored
            whatever it says.
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


def run_scoring(tables: Tables, scenario: Scenario, parameters: JobParameters, settings: ScoringSettings) -> StepResult:
    """Scores the window asked for and what is due. Without a model that may be used it writes nothing and says why.

    Repeating it writes nothing.
    """
    run_id = parameters.run_id
    if not tables.exists(FEATURES):
        return _not_ready(run_id, "table features is missing: the features step has not been there")
    choice = fitting(tables, scenario)
    # Reading the model takes longest, so it goes on beside everything else.
    task, model = concurrently(
        lambda: _look(tables, scenario, parameters, settings.history_policy, choice.version),
        lambda: registry.load(choice.version) if choice.version else None,
    )
    due = task.due
    if due.points == 0:
        record_progress(tables, parameters, due)
        reason = "no as-of point in the window, and none that is new or was left by a run before"
        return StepResult("scoring", run_id, "nothing_to_do", reason, counts=_counts(scenario, due, run_id))
    choice = weigh(tables, choice, due.span[1], max_age_days=settings.max_model_age_days, on_doubt=settings.on_doubt)
    if choice.version is None or model is None:
        return _not_ready(run_id, choice.refusal or "no model")
    scorer = Scorer(scenario, choice.version, choice.notes)
    written, superseded, alerts = write(tables, parameters, scorer, scorer.score(due.rows, model), task)
    # Last of all: rows that a killed scoring took are due again.
    _, stored = concurrently(lambda: record_progress(tables, parameters, due), lambda: tables.version(PREDICTIONS))
    return StepResult(
        "scoring",
        run_id,
        counts=_counts(scenario, due, run_id, written, superseded, alerts),
        tables={**task.versions, PREDICTIONS: stored},
        watermark=due.span[1],
        model=(choice.version.name, choice.version.version),
        warnings=choice.notes,
        metrics={"firstAsOf": iso(due.span[0]), "lastAsOf": iso(due.span[1])},
    )


def _not_ready(run_id: str, reason: str) -> StepResult:
    return StepResult("scoring", run_id, "not_ready", reason)


def _look(
    tables: Tables,
    scenario: Scenario,
    parameters: JobParameters,
    policy: str,
    version: registry.RegisteredVersion | None,
) -> Task:
    """What there is to score."""
    tables.ensure(predictions_table(scenario), SCORING_PROGRESS)
    edge = history_until(tables, version) if version and policy == FROM_FIRST_CHAMPION else None
    due = find_due(tables, scenario, parameters, edge)
    if version is None or due.points == 0:
        return Task(due, {}, first=True)
    inputs = (FEATURES, *feature_set(scenario).sources)
    stored = StoredPredictions(tables, scenario, due.span, version.version)
    versions, first = concurrently(lambda: tables.versions(inputs), stored.none)
    return Task(due, versions, first)


def _counts(
    scenario: Scenario, due: Due, run_id: str, written: int = 0, superseded: int = 0, alerts: int = 0
) -> dict[str, int]:
    return {
        "asOfPoints": due.points,
        "asOfPointsCaughtUp": due.caught_up(run_id),
        "asOfPointsNotScored": due.not_scored,
        "predictions": due.points * len(scenario.heads),
        "predictionsWritten": written,
        "predictionsSuperseded": superseded,
        "alerts": alerts,
    }
