"""Training rows: those that teach most are kept, and weights make up for the others."""

from __future__ import annotations

from pdm import CODES, COMPONENTS, SCENARIO, SENSORS
from pyspark.sql import DataFrame, SparkSession

from batchkeeper.training_set.sampling import sampled

ROWS = 4000
FRACTION = 0.05


def points(spark: SparkSession, split: str = "train", **differing: str) -> DataFrame:
    """Points at which nothing is unusual, but for what differs (SQL by column)."""
    quiet = {
        "split": f"'{split}'",
        "machine_id": "CAST(id % 50 AS INT)",
        "as_of": "timestamp_seconds(id * 43200)",
        "readings_48h": "48",
        "hours_to_next_visit": "200.0",
        **{f"{component}_fails_in_hours": "CAST(NULL AS FLOAT)" for component in COMPONENTS},
        **{f"{error}_count_24h": "0" for error in CODES},
        **{
            f"{sensor}_{what}": value
            for sensor in SENSORS
            for what, value in (("mean_12h", "100.0"), ("normal_mean", "100.0"), ("normal_sd", "5.0"))
        },
    }
    return spark.range(ROWS).selectExpr(*(f"{value} AS {name}" for name, value in {**quiet, **differing}.items()))


def kept(rows: DataFrame, seed: int = 1) -> tuple[float, set[float]]:
    """The share of rows that is kept, and their weights."""
    weights = [row["weight"] for row in sampled(SCENARIO, rows, FRACTION, seed).select("weight").collect()]
    return len(weights) / ROWS, set(weights)


def test_of_quiet_points_a_fraction_is_kept_with_the_weight_of_all(spark: SparkSession) -> None:
    share, weights = kept(points(spark))

    assert weights == {1 / FRACTION}
    assert abs(share - FRACTION) < 0.015


def test_nothing_is_dropped_that_shows_a_failure_near_or_an_error(spark: SparkSession) -> None:
    assert kept(points(spark, comp3_fails_in_hours="48.0")) == (1.0, {1.0})
    assert kept(points(spark, error4_count_24h="1")) == (1.0, {1.0})


def test_suspect_points_are_kept_more_often_than_quiet_ones(spark: SparkSession) -> None:
    for differing in (
        {"comp1_fails_in_hours": "100.0"},
        {"hours_to_next_visit": "24.0"},
        {"hours_to_next_visit": "CAST(NULL AS FLOAT)"},
    ):
        share, weights = kept(points(spark, **differing))
        assert weights == {1 / 0.4}
        assert abs(share - 0.4) < 0.04
    share, weights = kept(points(spark, pressure_mean_12h="94.0"))
    assert weights == {1 / 0.25}
    assert abs(share - 0.25) < 0.035


def test_a_machine_that_says_nothing_teaches_nothing_and_is_judged_all_the_same(spark: SparkSession) -> None:
    assert kept(points(spark, readings_48h="0"))[0] == 0
    assert kept(points(spark, "validation", readings_48h="0")) == (1.0, {1.0})


def test_the_draw_depends_on_the_seed_and_not_on_the_layout(spark: SparkSession) -> None:
    def drawn(rows: DataFrame, seed: int) -> set[object]:
        return {row["as_of"] for row in sampled(SCENARIO, rows, FRACTION, seed).select("as_of").collect()}

    assert drawn(points(spark), 1) == drawn(points(spark).repartition(7), 1)
    assert drawn(points(spark), 1) != drawn(points(spark), 2)
