"""Why a probability is high: the strongest causes in words and numbers.

The strength of a cause is the forest's importance of an input times how far the value lies from the training rows towards those that
failed, in standard deviations, added up over the inputs that speak of the same cause. It ranks causes; it is no share of the probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.stat import Summarizer
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from predictive_maintenance.feature_set import COMPONENTS, ERRORS, SENSORS
from predictive_maintenance.labels import label
from predictive_maintenance.model import VECTOR, Input

UNITS: Mapping[str, str] = {"volt": "V", "rotate": "rpm", "pressure": "bar", "vibration": "mm/s"}
_LEAST_IMPORTANCE = 0.002
_DIRECTION_HORIZON = 48


def learn(rows: DataFrame, fitted: PipelineModel, inputs: Sequence[Input]) -> dict[str, Any]:
    """What reasons need, per component: input name -> [weight towards failure, mean, standard deviation]. One Spark job."""
    preparation, forests = fitted.stages[: -len(COMPONENTS)], fitted.stages[-len(COMPONENTS) :]
    prepared = PipelineModel(stages=preparation).transform(rows)
    vector = sf.col(VECTOR)
    summaries = [Summarizer.metrics("mean", "std").summary(vector, sf.col("weight")).alias("all")]
    for component in COMPONENTS:
        summaries.append(Summarizer.metrics("mean").summary(vector, sf.expr(label(component, _DIRECTION_HORIZON))).alias(component))
    row = prepared.agg(*summaries).first()
    assert row is not None, "an aggregate without groups has one row"
    mean, deviation = row["all"]["mean"], row["all"]["std"]
    learnt: dict[str, Any] = {}
    for component, forest in zip(COMPONENTS, forests, strict=True):
        importance, failing = forest.featureImportances, row[component]["mean"]
        learnt[component] = {
            entry.name: [float(importance[i]) * (1.0 if failing[i] >= mean[i] else -1.0), float(mean[i]), float(deviation[i])]
            for i, entry in enumerate(inputs)
            if importance[i] >= _LEAST_IMPORTANCE and deviation[i] > 0
        }
    return learnt


def _strength(component: str, family: str, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> str:
    terms = ["0.0D"]
    for entry in inputs:
        found = learnt[component].get(entry.name)
        if found and entry.family == family:
            weight, mean, deviation = map(float, found)
            terms.append(f"({weight / deviation!r}D) * ({entry.expression} - ({mean!r}D))")
    return " + ".join(terms)


def _sensor_text(sensor: str) -> str:
    day, normal = (f"{sensor}_{what}" for what in ("mean_24h", "normal_mean"))
    # A change of the last hours is diluted in the mean of a day.
    fresh = f"abs({sensor}_mean_3h - {normal}) > 1.5D * abs({day} - {normal})"
    away = f"CASE WHEN {fresh} THEN {sensor}_mean_3h - {normal} ELSE {day} - {normal} END"
    size, spread = f"abs({away})", f"nullif({sensor}_normal_sd, 0)"  # a stuck sensor has no spread
    return _said(
        f"'{sensor} '",
        f"CASE WHEN {fresh} THEN '3 h' ELSE '24 h' END",
        "' mean '",
        f"format_number({size}, 1)",
        f"' {UNITS[sensor]} '",
        f"CASE WHEN {away} >= 0 THEN 'above' ELSE 'below' END",
        "' the machine\\'s normal ('",
        f"format_number({size} / {spread}, 1)",
        "' sd)'",
    )


def _said(*parts: str) -> str:
    return f"concat({', '.join(parts)})"


def _texts() -> dict[str, str]:
    """SQL of a sentence for each family of inputs; null when it cannot be said."""
    found = {sensor: _sensor_text(sensor) for sensor in SENSORS}
    for error in ERRORS:
        found[error] = _said(f"'{error} seen '", f"format_number({error}_hours_since, 0)", "' h ago'")
    for component in COMPONENTS:
        replaced = _said(f"'{component} replaced '", f"format_number({component}_age_hours / 24, 0)", "' days ago'")
        found[f"{component}_age"] = f"coalesce({replaced}, '{component} never replaced')"
    found["visit"] = _said("'maintenance visit due in '", "format_number(hours_to_next_visit, 0)", "' h'")
    found["machine"] = _said("'machine type '", "machine_model", "' of '", "machine_age_years", "' years'")
    found["readings"] = _said("readings_24h", "' of 24 readings in the last 24 h'")
    return found


def _named(component: str, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> list[str]:
    """The families that can be a cause of the component's failure: the age of another component is none."""
    families = dict.fromkeys(entry.family for entry in inputs if entry.name in learnt[component])
    return [family for family in families if not family.endswith("_age") or family == f"{component}_age"]


def with_causes(rows: DataFrame, learnt: Mapping[str, Any], inputs: Sequence[Input]) -> DataFrame:
    """Adds `text_<family>`, and `strength_<component>_<family>` for each family that can be a cause."""
    texts = [f"{text} AS text_{family}" for family, text in _texts().items()]
    strengths = [
        f"{_strength(component, family, learnt, inputs)} AS strength_{component}_{family}"
        for component in COMPONENTS
        for family in _named(component, learnt, inputs)
    ]
    return rows.selectExpr("*", *texts, *strengths)


def strongest(component: str, learnt: Mapping[str, Any], inputs: Sequence[Input], *, count: int = 3) -> str:
    """SQL over `with_causes`: an array of up to `count` sentences, the strongest first.

    Without a lambda, since Spark would interpret all that the lambda's array is made of.
    """
    causes = []
    for family in _named(component, learnt, inputs):
        strength, words = f"strength_{component}_{family}", f"text_{family}"
        causes.append(f"IF({strength} > 0 AND {words} IS NOT NULL, struct({strength} AS strength, {words} AS words), NULL)")
    if not causes:
        return "CAST(array() AS ARRAY<STRING>)"
    # Downwards, so that what says nothing comes last.
    ordered = f"sort_array(array({', '.join(causes)}), false)"
    return f"array_except(slice({ordered}.words, 1, {count}), array(CAST(NULL AS STRING)))"
