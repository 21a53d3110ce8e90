"""Labels: the edges of a horizon, double failures, and none beyond the watermark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pdm import SCENARIO
from pyspark.sql import SparkSession

from batchkeeper.labels.labels import compute_labels, label, last_labelled, of_target, target_name

AS_OF = datetime(2015, 3, 1, 6, tzinfo=UTC)


def labelled(spark: SparkSession, *failures: tuple[float, str]) -> dict[tuple[str, int], float]:
    points = spark.createDataFrame([(1, AS_OF), (2, AS_OF)], "machine_id int, as_of timestamp")
    rows = [(1, AS_OF + timedelta(hours=hours), comp) for hours, comp in failures]
    found = compute_labels(SCENARIO, points, spark.createDataFrame(rows, "machine_id int, ts timestamp, comp string"))
    assert found.count() == 2
    heads = [(comp, horizon) for comp in ("comp1", "comp2") for horizon in (24, 48, 168)]
    row = found.where("machine_id = 1").selectExpr(*(label(*head) for head in heads)).first()
    assert row is not None
    return dict(zip(heads, row, strict=True))


def test_a_failure_counts_after_the_as_of_time_up_to_and_with_the_horizon(spark: SparkSession) -> None:
    found = labelled(spark, (0, "comp1"), (24, "comp2"))

    assert [found["comp1", horizon] for horizon in (24, 48, 168)] == [0, 0, 0]
    assert [found["comp2", horizon] for horizon in (24, 48, 168)] == [1, 1, 1]


def test_horizons_are_their_own_and_components_too(spark: SparkSession) -> None:
    found = labelled(spark, (48.5, "comp1"), (168, "comp2"), (30, "comp2"))

    assert [found["comp1", horizon] for horizon in (24, 48, 168)] == [0, 0, 1]
    assert [found["comp2", horizon] for horizon in (24, 48, 168)] == [0, 1, 1]


def test_components_that_fail_together_keep_a_label_each(spark: SparkSession) -> None:
    found = labelled(spark, (12, "comp1"), (12, "comp2"), (20, "comp1"))

    assert found["comp1", 24] == found["comp2", 24] == 1


def test_a_name_that_files_write_otherwise_is_no_failure_of_that_target(spark: SparkSession) -> None:
    """For labels and for the truth of monitoring alike."""
    spelled = replace(SCENARIO, targets=replace(SCENARIO.targets, spelled={"comp1": "part's 1"}))
    raw = spark.createDataFrame([("part's 1",), ("comp1",), ("comp2",), ("other",)], "comp string")
    labels = ", ".join(f"CASE WHEN {of_target(spelled, name)} THEN '{name}' END" for name in spelled.targets.names)
    found = raw.selectExpr(f"{target_name(spelled)} AS monitored", f"coalesce({labels}) AS labelled").collect()

    assert [tuple(row) for row in found] == [("comp1",) * 2, (None, None), ("comp2",) * 2, (None, None)]


def test_the_last_labelled_point_has_its_longest_horizon_inside_the_watermark() -> None:
    assert last_labelled(SCENARIO, AS_OF) == AS_OF - timedelta(hours=168)
