"""What drift is measured against."""

from __future__ import annotations

from declarations import few_facts
from pyspark.sql import SparkSession

from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.training.fitting import drift_baseline


def test_the_level_of_a_counter_cannot_drift_and_its_rise_can(spark: SparkSession) -> None:
    scenario = few_facts()
    columns = [f"CAST(id AS {one.type}) AS {one.name}" for one in feature_set(scenario).features]

    baseline = drift_baseline(scenario, spark.range(11).selectExpr(*columns))

    assert baseline.keys() == set(feature_set(scenario).names) - {"bad_sectors_level"}
    assert baseline["bad_sectors_rise_168h"] == [float(number) for number in range(1, 10)]
