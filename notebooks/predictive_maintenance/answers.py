"""The model's answers to as-of points, with reasons and origin."""

from __future__ import annotations

import json

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from predictive_maintenance import registry
from predictive_maintenance.champion import Choice
from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.heads import probability_column
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.model import model_inputs
from predictive_maintenance.reasons import strongest, with_causes


def score(points: DataFrame, version: registry.RegisteredVersion, model: PipelineModel) -> DataFrame:
    """One row per point: its key and `heads`, all answers to it in the order of component and horizon; see `unfolded`."""
    card = version.card
    inputs = [entry for entry in model_inputs() if any(entry.name in weights for weights in card.reasons.values())]
    reasons = [f"{strongest(name, card.reasons, inputs)} AS reasons_{name}" for name in COMPONENTS]
    chances = [probability_column(name, horizon) for name in COMPONENTS for horizon in HORIZONS]
    heads = [
        f"struct('{name}' AS component, {horizon} AS horizon_h, round({probability_column(name, horizon)}, 6) AS probability, "
        f"{card.thresholds[str(horizon)]!r}D AS threshold, reasons_{name} AS reasons)"
        for name in COMPONENTS
        for horizon in HORIZONS
    ]
    keys = ("machine_id", "as_of", "feature_set_version")
    explained = with_causes(model.transform(points), card.reasons, inputs).selectExpr(*keys, *chances, *reasons)
    return explained.selectExpr(*keys, f"array({', '.join(heads)}) AS heads")


def unfolded(scored: DataFrame) -> DataFrame:
    """One row per point, component and horizon: probability, decision, threshold and reasons."""
    # A plain `inline` makes Spark look first whether the array is empty, which runs the model twice.
    return scored.selectExpr("* EXCEPT (heads)", "inline_outer(heads)").selectExpr("*", "probability >= threshold AS decision")


def stamped(scored: DataFrame, choice: Choice, version: registry.RegisteredVersion, run_id: str, inputs: dict[str, int]) -> DataFrame:
    """Adds what a stored prediction says of its origin: model, run, doubts, versions of the inputs (`inputs`), times."""
    return scored.withColumns(
        {
            "model_name": sf.lit(version.name),
            "model_version": sf.lit(version.version),
            "model_run_id": sf.lit(version.mlflow_run_id),
            "note": sf.lit("; ".join(choice.notes) or None).cast("string"),
            "input_versions": sf.lit(json.dumps(inputs)),
            "run_id": sf.lit(run_id),
            "scored_at": sf.current_timestamp(),
            "available_at": sf.current_timestamp(),
        }
    )
