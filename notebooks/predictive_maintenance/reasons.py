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
    prepared = PipelineModel(stages=fitted.stages[:2]).transform(rows)
    vector = sf.col(VECTOR)
    summaries = [Summarizer.metrics("mean", "std").summary(vector, sf.col("weight")).alias("all")]
    for component in COMPONENTS:
        summaries.append(Summarizer.metrics("mean").summary(vector, sf.expr(label(component, _DIRECTION_HORIZON))).alias(component))
    row = prepared.agg(*summaries).first()
    assert row is not None, "an aggregate without groups has one row"
    mean, deviation = row["all"]["mean"], row["all"]["std"]
    forests = fitted.stages[3:]
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


def with_texts(rows: DataFrame) -> DataFrame:
    """Adds `text_<family>` for each family of inputs."""
    return rows.selectExpr("*", *(f"{text} AS text_{family}" for family, text in _texts().items()))


def strongest(component: str, learnt: Mapping[str, Any], inputs: Sequence[Input], *, count: int = 3) -> str:
    """SQL over `with_texts`: an array of up to `count` sentences, the strongest first."""
    families = list(dict.fromkeys(entry.family for entry in inputs if entry.name in learnt[component]))
    causes = [
        f"struct(-({_strength(component, family, learnt, inputs)}) AS place, text_{family} AS words)"
        for family in families
        if not family.endswith("_age") or family == f"{component}_age"
    ]
    if not causes:
        return "CAST(array() AS ARRAY<STRING>)"
    speaking = f"filter(array({', '.join(causes)}), cause -> cause.place < 0 AND cause.words IS NOT NULL)"
    return f"transform(slice(array_sort({speaking}), 1, {count}), cause -> cause.words)"
