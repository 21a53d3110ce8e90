"""The model's answers to as-of points, with reasons and origin."""

from __future__ import annotations

import json

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.frames import apart
from predictive_maintenance import registry
from predictive_maintenance.champion import Choice
from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.heads import probability_column
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.model import model_inputs
from predictive_maintenance.reasons import strongest, with_causes

_KEYS = ("machine_id", "as_of", "feature_set_version")
_HEADS = tuple((component, horizon) for component in COMPONENTS for horizon in HORIZONS)


def score(points: DataFrame, version: registry.RegisteredVersion, model: PipelineModel) -> DataFrame:
    """One row per point: its key, the probability of each head and `reasons_<component>`; see `unfolded`."""
    learnt = version.card.reasons
    inputs = [entry for entry in model_inputs() if any(entry.name in weights for weights in learnt.values())]
    chances = [f"round({chance}, 6) AS {chance}" for chance in (probability_column(*head) for head in _HEADS)]
    reasons = [f"{strongest(name, learnt, inputs)} AS reasons_{name}" for name in COMPONENTS]
    return with_causes(model.transform(points), learnt, inputs).selectExpr(*_KEYS, *chances, *reasons)


def unfolded(scored: DataFrame, version: registry.RegisteredVersion) -> DataFrame:
    """One row per point, component and horizon, in this order: probability, decision, threshold and reasons."""
    thresholds = version.card.thresholds
    heads = [
        f"struct('{name}' AS component, {horizon} AS horizon_h, {probability_column(name, horizon)} AS probability, "
        f"{thresholds[str(horizon)]!r}D AS threshold, reasons_{name} AS reasons)"
        for name, horizon in _HEADS
    ]
    # A plain `inline` makes Spark look first whether the array is empty, which runs the model twice.
    rows = scored.selectExpr(*_KEYS, f"inline_outer(array({', '.join(heads)}))")
    return rows.selectExpr("*", "probability >= threshold AS decision")


def stamped(scored: DataFrame, choice: Choice, version: registry.RegisteredVersion, run_id: str, inputs: dict[str, int]) -> DataFrame:
    """Adds what a stored prediction says of its origin: model, run, doubts, versions of the inputs (`inputs`), times."""
    now = sf.expr(apart("current_timestamp()", "horizon_h"))
    return scored.withColumns(
        {
            "model_name": sf.lit(version.name),
            "model_version": sf.lit(version.version),
            "model_run_id": sf.lit(version.mlflow_run_id),
            "note": sf.lit("; ".join(choice.notes) or None).cast("string"),
            "input_versions": sf.lit(json.dumps(inputs)),
            "run_id": sf.lit(run_id),
            "scored_at": now,
            "available_at": now,
        }
    )
