"""Challenger, champion and baselines on the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame

from batchkeeper.delta.tables import Tables
from batchkeeper.evaluation.baselines import baseline_predictors
from batchkeeper.evaluation.metrics import Predictor, Scores, head_metrics, tally_predictors
from batchkeeper.model import registry
from batchkeeper.model.heads import probability_columns
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.training_set.header import training_rows
from batchkeeper.training_set.splits import TEST

CHALLENGER, CHAMPION = "challenger", "champion"


def champion_to_beat(
    scenario: Scenario, name: str, challenger: registry.RegisteredVersion
) -> tuple[registry.RegisteredVersion | None, str | None]:
    """The champion to compare with, or why there is none to compare with."""
    version = registry.find_alias(name, registry.CHAMPION)
    if version is None:
        return None, "no champion yet"
    if version == challenger.version:
        return None, f"version {version} is the champion already"
    champion = registry.describe(name, version)
    if unfit := champion.card.unfit_for(scenario):
        return None, f"champion {version} {unfit}: it cannot be compared"
    return champion, None


def compare(
    tables: Tables,
    scenario: Scenario,
    run_id: str,
    challenger: registry.RegisteredVersion,
    champion: registry.RegisteredVersion | None,
) -> dict[str, Scores]:
    """The scores by name of challenger, baselines and, if there is one, champion on the test rows of a training run."""

    def scores(version: registry.RegisteredVersion, name: str, others: Mapping[str, Predictor]) -> dict[str, Scores]:
        """In one job: a registered version at its own thresholds, and others that read plain columns."""
        thresholds = {int(horizon): threshold for horizon, threshold in version.card.thresholds.items()}
        predictors = {name: (probability_columns(scenario), thresholds), **others}
        return tally_predictors(scenario, registry.load(version).transform(rows), predictors)

    rows: DataFrame = training_rows(tables, run_id, TEST)
    first = scores(challenger, CHALLENGER, baseline_predictors(scenario))
    return first if champion is None else first | scores(champion, CHAMPION, {})


def test_metrics(scenario: Scenario, scores: Mapping[str, Scores]) -> dict[str, float]:
    """All qualities of all predictors under MLflow metric names, and what never raising an alert would come to."""
    metrics: dict[str, float] = {}
    for name, of_predictor in scores.items():
        metrics |= head_metrics(scenario, of_predictor, f"test_{name}")
    for horizon in scenario.hours:
        total = scores[CHALLENGER].micro(horizon)
        metrics[f"test_all_negative_accuracy_{horizon}h"] = 1 - total.positives / total.rows if total.rows else 0.0
    return metrics
