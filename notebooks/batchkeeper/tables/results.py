"""The tables of scoring, gate and monitoring."""

from __future__ import annotations

import re

from batchkeeper.delta.specs import UPDATED_PROPERTIES, Column, TableSpec
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.features import entity_column

PREDICTIONS, EVALUATIONS = "predictions", "evaluations"
SCORED, BEFORE_FIRST_CHAMPION = "scored", "before_first_champion"


def predictions_table(scenario: Scenario) -> TableSpec:
    """One row per entity, as-of point, target, horizon, model version and revision."""
    target = scenario.targets.called
    return TableSpec(
        PREDICTIONS,
        (
            entity_column(scenario),
            Column("as_of", "timestamp", "UTC"),
            Column("horizon_h", "int", "hours ahead"),
            Column(target, "string"),
            Column("model_version", "string"),
            Column("revision", "int", "1, and one more for each later score with other values"),
            Column("probability", "double", "calibrated, of a failure in (as_of, as_of + horizon]"),
            Column("decision", "boolean", "alert: probability at or above the threshold"),
            Column("threshold", "double"),
            Column("reasons", "array<string>", "up to three causes, the strongest first"),
            Column("note", "string", "what is doubtful about the model, or null"),
            Column("superseded", "boolean", "a later revision exists, or the point is no more"),
            Column("model_name", "string"),
            Column("model_run_id", "string", "MLflow run"),
            Column("feature_set_version", "string"),
            Column("input_versions", "string", "Delta version of each input table, as JSON"),
            Column("run_id", "string", "scoring run"),
            Column("available_at", "timestamp", "when the row could be read", volatile=True),
            Column("scored_at", "timestamp", "when the row was computed", volatile=True),
        ),
        (*scenario.key, "horizon_h", target, "model_version", "revision"),
        "as_of",
        f"Probability of failure per {scenario.entity.noun}, as-of point, {target} and horizon",
        properties={**UPDATED_PROPERTIES, "delta.dataSkippingNumIndexedCols": "6"},
    )


SCORING_PROGRESS = TableSpec(
    "scoring_progress",
    (
        Column("features_run_id", "string", "run that wrote the feature rows"),
        Column("outcome", "string", f"{SCORED}, or why not: {BEFORE_FIRST_CHAMPION}"),
        Column("points", "bigint", "how many as-of points"),
        Column("first_as_of", "timestamp"),
        Column("last_as_of", "timestamp"),
        Column("history_until", "timestamp", "points up to here are history; null where the policy is to score all"),
        Column("consumed_by", "string", "scoring run"),
        Column("consumed_until", "timestamp", "rows written later are still due", volatile=True),
        Column("consumed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("features_run_id", "outcome", "consumed_by"),
    comment="What became of the feature rows of each run: scored, or left out and why",
)

GATE_DECISIONS = TableSpec(
    "gate_decisions",
    (
        Column("run_id", "string", "training run"),
        Column("model_name", "string"),
        Column("model_version", "string", "the challenger"),
        Column("champion_version", "string", "who it was compared with; null: there was none"),
        Column("mode", "string", "disabled, dry_run or enabled"),
        Column("decision", "string", "promoted, would_promote, refused or not_judged"),
        Column("reasons_for", "array<string>"),
        Column("reasons_against", "array<string>"),
        Column("metrics", "string", "test metrics of challenger, champion and baselines, as JSON"),
        Column("decided_at", "timestamp", volatile=True),
    ),
    ("run_id",),
    comment="Every decision on a challenger",
)


def false_alert_rate(scenario: Scenario) -> str:
    """The column of the false alerts per entity and month."""
    return f"false_alerts_per_{re.sub(r'[^A-Za-z0-9]+', '_', scenario.entity.noun)}_month"


def evaluations_table(scenario: Scenario) -> TableSpec:
    """What predictions were worth: one row per monitoring run, model version, horizon and target."""
    target = scenario.targets.called
    return TableSpec(
        EVALUATIONS,
        (
            Column("run_id", "string"),
            Column("model_version", "string"),
            Column("horizon_h", "int", "hours"),
            Column(target, "string", f"{', '.join(scenario.targets.names)}, or all = micro over them"),
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
            Column("rule_precision", "double", "the rule that a model must beat, on the same rows"),
            Column("rule_recall", "double"),
            Column("rule_f1", "double"),
            Column("all_negative_accuracy", "double", "accuracy of never raising an alert; its F1 is 0"),
            Column("failures", "bigint", "failures that scores were there for; only for all"),
            Column("announced", "bigint"),
            Column("announced_early", "bigint", "announced at least half the shortest horizon ahead"),
            Column("median_hours_ahead", "double"),
            Column(false_alert_rate(scenario), "double"),
            Column("evaluated_at", "timestamp", volatile=True),
        ),
        ("run_id", "model_version", "horizon_h", target),
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
