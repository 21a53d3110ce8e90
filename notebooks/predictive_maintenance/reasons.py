"""Why a probability is high: the strongest causes in words and numbers.

The strength of a cause is the forest's importance of an input times how far the value lies from the training rows towards those that
failed, in standard deviations, added up over the inputs that speak of the same cause. It ranks causes; it is no share of the probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.stat import Summarizer
from pyspark.sql import Column, DataFrame
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
        summaries.append(Summarizer.metrics("mean").summary(vector, label(component, _DIRECTION_HORIZON)).alias(component))
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


def _sensor_text(sensor: str) -> Column:
    recent, day = sf.col(f"{sensor}_mean_3h"), sf.col(f"{sensor}_mean_24h")
    normal, spread = sf.col(f"{sensor}_normal_mean"), sf.col(f"{sensor}_normal_sd")
    # A change of the last hours is diluted in the mean of a day.
    fresh = sf.abs(recent - normal) > 1.5 * sf.abs(day - normal)
    away = sf.when(fresh, recent - normal).otherwise(day - normal)
    side = sf.when(away >= 0, "above").otherwise("below")
    return sf.concat(
        sf.lit(f"{sensor} "),
        sf.when(fresh, "3 h").otherwise("24 h"),
        sf.lit(" mean "),
        sf.format_number(sf.abs(away), 1),
        sf.lit(f" {UNITS[sensor]} "),
        side,
        sf.lit(" the machine's normal ("),
        sf.format_number(sf.abs(away) / spread, 1),
        sf.lit(" sd)"),
    )


def _hours(column: str) -> Column:
    return sf.format_number(sf.col(column), 0)


def texts() -> dict[str, Column]:
    """A sentence for each family of inputs; null when it cannot be said."""
    found = {sensor: _sensor_text(sensor) for sensor in SENSORS}
    for error in ERRORS:
        found[error] = sf.concat(sf.lit(f"{error} seen "), _hours(f"{error}_hours_since"), sf.lit(" h ago"))
    for component in COMPONENTS:
        days = sf.format_number(sf.col(f"{component}_age_hours") / 24, 0)
        replaced = sf.concat(sf.lit(f"{component} replaced "), days, sf.lit(" days ago"))
        found[f"{component}_age"] = sf.coalesce(replaced, sf.lit(f"{component} never replaced"))
    found["visit"] = sf.concat(sf.lit("maintenance visit due in "), _hours("hours_to_next_visit"), sf.lit(" h"))
    age = sf.concat(sf.lit(" of "), sf.col("machine_age_years").cast("string"), sf.lit(" years"))
    found["machine"] = sf.concat(sf.lit("machine type "), sf.col("machine_model"), age)
    found["readings"] = sf.concat(sf.col("readings_24h").cast("string"), sf.lit(" of 24 readings in the last 24 h"))
    return found


def strongest(component: str, learnt: Mapping[str, Any], inputs: Sequence[Input], *, count: int = 3) -> Column:
    """An array of up to `count` sentences, the strongest first. Expects the columns `text_<family>` of `texts`.

    Written as SQL: built by functions, the expression would be some ten thousand calls to the JVM.
    """
    families = list(dict.fromkeys(entry.family for entry in inputs if entry.name in learnt[component]))
    causes = [
        f"struct(-({_strength(component, family, learnt, inputs)}) AS place, text_{family} AS words)"
        for family in families
        if not family.endswith("_age") or family == f"{component}_age"
    ]
    if not causes:
        return sf.array().cast("array<string>")
    speaking = f"filter(array({', '.join(causes)}), cause -> cause.place < 0 AND cause.words IS NOT NULL)"
    return sf.expr(f"transform(slice(array_sort({speaking}), 1, {count}), cause -> cause.words)")
