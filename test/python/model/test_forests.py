"""The forests depend on their rows and the seed, not on how a cluster happens to lay the rows out."""

from __future__ import annotations

from pdm import COMPONENTS, SCENARIO
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.model.forests import fit_forests
from batchkeeper.model.inputs import Input
from batchkeeper.model.reasons import learn

INPUTS = [Input("in_level", "level", "level"), Input("in_spread", "spread", "spread")]


def rows(spark: SparkSession) -> DataFrame:
    noise = "pmod(xxhash64(id, {salt}), 1000) / 1000D"
    failing = [
        f"CASE WHEN level + 0.3D * {noise.format(salt=number)} > 1 THEN 12 + pmod(id, 200) END AS "
        f"{component}_fails_in_hours"
        for number, component in enumerate(COMPONENTS)
    ]
    plain = spark.range(600).selectExpr(
        "id", f"{noise.format(salt=10)} AS level", f"{noise.format(salt=11)} AS spread", "1.0D AS weight"
    )
    return plain.selectExpr(
        "*", "CAST(id % 20 AS INT) AS machine_id", "timestamp_seconds(id * 43200) AS as_of", *failing
    )


def trees(found: DataFrame, seed: int = 1) -> list[str]:
    fitted = fit_forests(SCENARIO, found, INPUTS, trees=3, depth=4, seed=seed)
    return [stage.toDebugString.split("\n", 1)[1] for stage in fitted.stages[-len(COMPONENTS) :]]


def test_equal_rows_give_equal_trees_in_any_layout(spark: SparkSession) -> None:
    found = rows(spark)

    in_order = trees(found)

    assert in_order == trees(found.repartition(5, "level").sortWithinPartitions("spread"))
    assert in_order != trees(found, seed=2)


def test_of_a_target_that_never_failed_nothing_is_learnt(spark: SparkSession) -> None:
    found = rows(spark).withColumn("comp2_fails_in_hours", sf.lit(None).cast("double"))
    fitted = fit_forests(SCENARIO, found, INPUTS, trees=3, depth=4, seed=1)

    learnt = learn(SCENARIO, found, fitted, INPUTS)

    assert list(learnt) == list(COMPONENTS)
    assert learnt["comp2"] == {}
    assert learnt["comp1"].keys() <= {"in_level", "in_spread"}
    assert learnt["comp1"]
