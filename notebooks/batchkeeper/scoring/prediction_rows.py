"""What a model says of as-of points, as rows of the predictions table: probabilities, decisions, reasons and origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.optimizer import without_constant_folding
from batchkeeper.model.heads import probability_column, probability_columns
from batchkeeper.model.inputs import model_inputs
from batchkeeper.model.reasons import strongest, with_causes
from batchkeeper.model.registry import RegisteredVersion
from batchkeeper.scenario.declaration import Scenario


@dataclass(frozen=True)
class Scorer:
    """A registered version, put to work.

    Attributes:
        notes: what is doubtful about it.
    """

    scenario: Scenario
    version: RegisteredVersion
    notes: tuple[str, ...] = ()

    @property
    def _key(self) -> tuple[str, ...]:
        return (*self.scenario.key, "feature_set_version")

    def score(self, points: DataFrame, model: PipelineModel) -> DataFrame:
        """One row per point: its key, the probability of each head and `reasons_<target>`; see `unfolded`."""
        learnt = self.version.card.reasons
        inputs = [
            entry for entry in model_inputs(self.scenario) if any(entry.name in weights for weights in learnt.values())
        ]
        chances = [f"round({chance}, 6) AS {chance}" for chance in probability_columns(self.scenario).values()]
        reasons = [
            f"{strongest(self.scenario, target, learnt, inputs)} AS reasons_{target}"
            for target in self.scenario.targets.names
        ]
        explained = with_causes(self.scenario, model.transform(points), learnt, inputs)
        return explained.selectExpr(*self._key, *chances, *reasons)

    def unfolded(self, scored: DataFrame) -> DataFrame:
        """One row per point, target and horizon, in this order: probability, decision, threshold and reasons."""
        thresholds, target_column = self.version.card.thresholds, self.scenario.targets.called
        heads = [
            f"struct('{target}' AS {target_column}, {hours} AS horizon_h, {probability_column(target, hours)} AS "
            f"probability, {thresholds[str(hours)]!r}D AS threshold, reasons_{target} AS reasons)"
            for target, hours in self.scenario.heads
        ]
        # A plain `inline` makes Spark look first whether the array is empty, which runs the model twice
        # (docs/performance.md, "The model answers once").
        rows = scored.selectExpr(*self._key, f"inline_outer(array({', '.join(heads)}))")
        return rows.selectExpr("*", "probability >= threshold AS decision")

    def stamped(self, rows: DataFrame, run_id: str, inputs: Mapping[str, int]) -> DataFrame:
        """Adds what a stored prediction says of its origin: model, run, doubts, versions of the `inputs`, times."""
        now = sf.expr(without_constant_folding("current_timestamp()", "horizon_h"))
        return rows.withColumns(
            {
                "model_name": sf.lit(self.version.name),
                "model_version": sf.lit(self.version.version),
                "model_run_id": sf.lit(self.version.mlflow_run_id),
                "note": sf.lit("; ".join(self.notes) or None).cast("string"),
                "input_versions": sf.lit(json.dumps(inputs)),
                "run_id": sf.lit(run_id),
                "scored_at": now,
                "available_at": now,
            }
        )
