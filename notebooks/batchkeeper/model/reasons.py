"""Why a probability is high: the strongest causes in words and numbers.

The strength of a cause is the forest's importance of an input times how far the value lies from the training rows
towards those that failed, in standard deviations, added up over the inputs that speak of the same cause. It ranks
causes; it is no share of the probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.stat import Summarizer
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.labels.labels import label
from batchkeeper.model.inputs import VECTOR, Input
from batchkeeper.model.sentences import sentences
from batchkeeper.scenario.declaration import Scenario

_LEAST_IMPORTANCE = 0.002


def learn(scenario: Scenario, rows: DataFrame, fitted: PipelineModel, inputs: Sequence[Input]) -> dict[str, Any]:
    """What reasons need, per target: input name -> [weight towards failure, mean, standard deviation]. Of a target that
    never failed nothing is learnt.
    """
    targets = scenario.targets.names
    preparation, forests = fitted.stages[: -len(targets)], fitted.stages[-len(targets) :]
    prepared = PipelineModel(stages=preparation).transform(rows)
    vector = sf.col(VECTOR)
    summaries = [Summarizer.metrics("mean", "std").summary(vector, sf.col("weight")).alias("all")]
    for target in _failed(scenario, rows):
        summaries.append(
            Summarizer.metrics("mean").summary(vector, sf.expr(label(target, scenario.near_hours))).alias(target)
        )
    row = prepared.agg(*summaries).first()
    assert row is not None, "an aggregate without groups has one row"
    mean, deviation = row["all"]["mean"], row["all"]["std"]
    learnt: dict[str, Any] = {}
    for target, forest in zip(targets, forests, strict=True):
        if target not in row:
            learnt[target] = {}
            continue
        importance, failing = forest.featureImportances, row[target]["mean"]
        learnt[target] = {
            entry.name: [
                float(importance[i]) * (1.0 if failing[i] >= mean[i] else -1.0),
                float(mean[i]),
                float(deviation[i]),
            ]
            for i, entry in enumerate(inputs)
            if importance[i] >= _LEAST_IMPORTANCE and deviation[i] > 0
        }
    return learnt


def _failed(scenario: Scenario, rows: DataFrame) -> list[str]:
    """The targets that failed near any of the rows: the mean of no row is an error."""
    near = [f"max({label(target, scenario.near_hours)}) AS {target}" for target in scenario.targets.names]
    row = rows.agg(*map(sf.expr, near)).first()
    return [target for target in scenario.targets.names if row and row[target]]


def _strength(target: str, family: str, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> str:
    terms = ["0.0D"]
    for entry in inputs:
        found = learnt[target].get(entry.name)
        if found and entry.family == family:
            weight, mean, deviation = map(float, found)
            terms.append(f"({weight / deviation!r}D) * ({entry.expression} - ({mean!r}D))")
    return " + ".join(terms)


def _named(scenario: Scenario, target: str, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> list[str]:
    """The families that can be a cause of the target's failure: the age of another target is none."""
    others = {f"{other}_age" for other in scenario.targets.names if other != target}
    families = dict.fromkeys(entry.family for entry in inputs if entry.name in learnt[target])
    said = sentences(scenario)
    return [family for family in families if family in said and family not in others]


def with_causes(scenario: Scenario, rows: DataFrame, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> DataFrame:
    """Adds `text_<family>`, and `strength_<target>_<family>` for each family that can be a cause."""
    texts = [f"{text} AS text_{family}" for family, text in sentences(scenario).items()]
    strengths = [
        f"{_strength(target, family, learnt, inputs)} AS strength_{target}_{family}"
        for target in scenario.targets.names
        for family in _named(scenario, target, learnt, inputs)
    ]
    return rows.selectExpr("*", *texts, *strengths)


def strongest(
    scenario: Scenario, target: str, learnt: Mapping[str, Any], inputs: Sequence[Input], *, count: int = 3
) -> str:
    """SQL over `with_causes`: an array of up to `count` sentences, the strongest first.

    Without a lambda, since Spark would interpret all that the lambda's array is made of.
    """
    causes = []
    for family in _named(scenario, target, learnt, inputs):
        strength, words = f"strength_{target}_{family}", f"text_{family}"
        causes.append(
            f"IF({strength} > 0 AND {words} IS NOT NULL, struct({strength} AS strength, {words} AS words), NULL)"
        )
    if not causes:
        return "CAST(array() AS ARRAY<STRING>)"
    # Downwards, so that what says nothing comes last.
    ordered = f"sort_array(array({', '.join(causes)}), false)"
    return f"array_except(slice({ordered}.words, 1, {count}), array(CAST(NULL AS STRING)))"
