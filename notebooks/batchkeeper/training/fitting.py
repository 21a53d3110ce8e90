"""The whole pipeline: forests, calibrated on the validation rows, from plain feature columns to probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.staging import staged
from batchkeeper.evaluation.metrics import Scores, tally_scores
from batchkeeper.labels.labels import label
from batchkeeper.model.heads import (
    CalibratedHeads,
    Calibration,
    classes_column,
    fit_calibration,
    probability_columns,
    raw_score,
    with_scores,
)
from batchkeeper.model.inputs import VECTOR
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.tables.features import label_columns


def calibrate(scenario: Scenario, scored: DataFrame) -> dict[str, dict[int, Calibration]]:
    """Calibration curves of all heads from scored validation rows; one Spark job over scores rounded to .001."""
    heads = [
        f"struct('{target}' AS target, {horizon} AS horizon, {raw_score(target, number)} AS s, "
        f"{label(target, horizon)} AS y)"
        for target in scenario.targets.names
        for number, horizon in enumerate(scenario.hours, 1)
    ]
    rows = with_scores(scored, scenario.targets.names).selectExpr(f"inline(array({', '.join(heads)}))")
    slotted = rows.selectExpr("target", "horizon", "floor(s * 1000 + 0.5D) AS slot", "y")
    groups = slotted.groupBy("target", "horizon", "slot").agg(
        sf.expr("sum(y) AS positives"), sf.expr("count(*) AS rows")
    )
    slots: dict[tuple[str, int], list[Any]] = {head: [] for head in scenario.heads}
    for row in groups.collect():
        slots[row["target"], row["horizon"]].append((row["slot"] / 1000, row["positives"], row["rows"]))
    curves: dict[str, dict[int, Calibration]] = {}
    for (target, horizon), entries in slots.items():
        scores, positives, counts = zip(*sorted(entries), strict=True)
        curves.setdefault(target, {})[horizon] = fit_calibration(scores, positives, counts)
    return curves


def judged_model(
    scenario: Scenario, forests: PipelineModel, validation: DataFrame, thresholds: Mapping[int, float], scratch: Path
) -> tuple[PipelineModel, Scores]:
    """The whole pipeline, calibrated on the validation rows, and its scores there; the forests see the rows once."""
    sliced = dict.fromkeys(part.feature for part in scenario.slices)
    needed = (*label_columns(scenario), *sliced, *map(classes_column, scenario.targets.names))
    classified = staged(forests.transform(validation).select(*needed), scratch)
    heads = CalibratedHeads.of(calibrate(scenario, classified))
    scores = tally_scores(scenario, heads.transform(classified), probability_columns(scenario), thresholds)
    return _with_heads(scenario, forests, heads), scores


def _with_heads(scenario: Scenario, forests: PipelineModel, heads: CalibratedHeads) -> PipelineModel:
    """Plain columns in, the same columns and a probability of each head out."""
    kinds = ("classes", "raw", "class_predicted")
    between = [*forests.stages[1].getInputCols(), VECTOR]
    between += [f"{kind}_{target}" for target in scenario.targets.names for kind in kinds]
    drop = SQLTransformer(statement=f"SELECT * EXCEPT ({', '.join(between)}) FROM __THIS__")
    return PipelineModel(stages=[*forests.stages, heads, drop])


def drift_baseline(scenario: Scenario, rows: DataFrame) -> dict[str, list[float]]:
    """Deciles of every numeric feature that can drift. `rows` must be a whole split: the training split is a sample
    that would look like drift.
    """
    features = feature_set(scenario).features
    names = [feature.name for feature in features if feature.type != "string" and not feature.only_rises]
    numbers = rows.selectExpr(*(f"CAST({name} AS DOUBLE) AS {name}" for name in names))
    quantiles = numbers.approxQuantile(names, [step / 10 for step in range(1, 10)], 0.005)
    return dict(zip(names, quantiles, strict=True))
