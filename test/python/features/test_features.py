"""Features: known values, the edges of every window, no leakage, no dependence on layout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from one_machine import AS_OF, at, before, readings, sources
from pdm import FEATURE_SET, SCENARIO
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.features.compute import Points, SourceFrames, compute_features


def volts(rows: list[tuple[Any, ...]], first_hour: int, last_hour: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([row[2] for row in rows if before(last_hour) <= row[1] <= before(first_hour)])


def test_means_and_spreads_are_those_of_the_hours_up_to_the_as_of_time(spark: SparkSession) -> None:
    rows = readings()

    found = at(spark, sources(spark, rows))[0]

    for hours in (1, 3, 12, 24, 48):
        assert found[f"volt_mean_{hours}h"] == pytest.approx(volts(rows, 0, hours - 1).mean(), abs=1e-3)
        assert found[f"readings_{hours}h"] == hours
    for hours in (12, 24, 48):
        assert found[f"volt_sd_{hours}h"] == pytest.approx(volts(rows, 0, hours - 1).std(ddof=1), abs=1e-3)
    normal = volts(rows, 48, 719)
    assert found["readings_normal"] == len(normal) == 672
    assert found["volt_normal_mean"] == pytest.approx(normal.mean(), abs=1e-3)
    assert found["volt_normal_sd"] == pytest.approx(normal.std(ddof=1), abs=1e-3)
    assert found["volt_deviation_24h"] == pytest.approx(volts(rows, 0, 23).mean() - normal.mean(), abs=2e-3)


def test_a_gap_leaves_windows_in_place_and_is_counted(spark: SparkSession) -> None:
    rows = readings(skip=frozenset(range(0, 20)))

    found = at(spark, sources(spark, rows))[0]

    assert found["volt_mean_12h"] is None
    assert found["readings_12h"] == 0
    assert found["readings_24h"] == 4
    assert found["volt_mean_24h"] == pytest.approx(volts(rows, 20, 23).mean(), abs=1e-3)


def test_every_machine_has_every_point_once_whatever_data_are_missing(spark: SparkSession) -> None:
    first, grid = before(120), [before(12 * number) for number in range(10, -1, -1)]
    silent = frozenset({*range(0, 20), *range(40, 45), *range(60, 110), 121, 122})
    seldom = [(3, before(hour), 1.0, 2.0, 3.0, 4.0) for hour in (-20, 30, 66, 132, 500)]
    unknown = [(9, *row[1:]) for row in readings()[:30]]
    errors = [
        (1, before(70), "error1"),
        (3, before(36), "error2"),
        (3, before(33), "error9"),
        (2, before(200), "error3"),
    ]
    maint = [
        (2, before(9000), "comp1"),
        (3, before(50), "comp2"),
        (3, before(-90), "comp3"),
        (3, before(-300), "comp4"),
    ]
    frames = sources(spark, [*readings(skip=silent), *seldom, *unknown], errors, maint)
    fleet = spark.createDataFrame(
        [(number, "model3", 18) for number in (1, 2, 3)], "machine_id int, model string, age int"
    )
    frames = SourceFrames(fleet, frames.readings, frames.coded)

    together = compute_features(SCENARIO, frames, Points(first, AS_OF)).orderBy("machine_id", "as_of").collect()
    alone = [row for point in grid for row in compute_features(SCENARIO, frames, Points(point, point)).collect()]

    assert [row["machine_id"] for row in together] == [number for number in (1, 2, 3) for _ in grid]
    assert together == sorted(alone, key=lambda row: (row["machine_id"], row["as_of"]))
    readings_of, counts, ages, of_nothing = (
        [row[name] for row in together if row["machine_id"] == machine]
        for machine, name in (
            (1, "readings_12h"),
            (1, "error1_count_24h"),
            (3, "comp2_age_hours"),
            (2, "readings_normal"),
        )
    )
    assert readings_of == [10, 10, 0, 0, 0, 0, 12, 7, 12, 4, 0]
    assert counts == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    assert ages == [None] * 6 + [2, 14, 26, 38, 50]
    assert of_nothing == [0] * len(grid)


def test_negative_readings_count_like_others_and_missing_or_absurd_ones_do_not(spark: SparkSession) -> None:
    rows = readings()
    shifted = [(*row[:2], -9999.5 + hour, *row[3:]) for hour, row in enumerate(rows)]
    holes = {1: None, 2: float("nan"), 30: 1e9, 31: float("-inf")}
    broken = [(*row[:2], holes.get(hour, row[2]), *row[3:]) for hour, row in enumerate(shifted)]
    whole = [row for hour, row in enumerate(shifted) if hour not in holes]

    found = at(spark, sources(spark, broken))[0]

    for hours, lost in ((3, 2), (24, 2), (48, 4)):
        left = volts(whole, 0, hours - 1)
        assert found[f"readings_{hours}h"] == len(left) == hours - lost
        assert found[f"volt_mean_{hours}h"] == pytest.approx(left.mean(), abs=2e-3)
    assert found["volt_sd_48h"] == pytest.approx(volts(whole, 0, 47).std(ddof=1), abs=1e-2)
    assert found["rotate_mean_3h"] is not None


def test_an_error_counts_from_its_own_hour_until_the_window_ends(spark: SparkSession) -> None:
    frames = sources(
        spark,
        readings(),
        [(1, before(0), "error1"), (1, before(24), "error2"), (1, before(23), "error3"), (1, before(720), "error4")],
    )

    earlier, now = at(spark, frames, before(12), AS_OF)

    assert (now["error1_count_24h"], now["error1_hours_since"]) == (1, 0)
    assert earlier["error1_count_24h"] == 0
    assert (now["error2_count_24h"], now["error2_count_48h"], now["error2_hours_since"]) == (0, 1, 24)
    assert now["error3_count_24h"] == 1
    assert now["error4_hours_since"] is None
    assert earlier["error4_hours_since"] == 708


def test_age_is_as_of_and_never_replaced_is_no_zero(spark: SparkSession) -> None:
    frames = sources(
        spark, readings(), maint=[(1, before(100), "comp1"), (1, before(12), "comp1"), (1, before(-1), "comp2")]
    )

    earlier, now = at(spark, frames, before(24), AS_OF)

    assert (earlier["comp1_age_hours"], now["comp1_age_hours"]) == (76, 12)
    assert (now["comp2_age_hours"], now["comp2_never_replaced"]) == (None, 1)
    assert now["comp1_never_replaced"] == 0


def test_the_calendar_is_known_only_from_two_visits_that_agree(spark: SparkSession) -> None:
    day = 24
    frames = sources(
        spark,
        readings(),
        maint=[(1, before(31 * day), "comp1"), (1, before(20 * day), "comp2"), (1, before(5 * day), "comp3")],
    )

    early, at_visit, now = at(spark, frames, before(6 * day), before(5 * day), AS_OF)

    assert (early["hours_to_next_visit"], early["visit_unknown"]) == (None, 1)
    assert at_visit["hours_to_next_visit"] == 15 * day
    assert (now["hours_to_next_visit"], now["visit_unknown"]) == (10 * day, 0)


def altered(frames: SourceFrames) -> SourceFrames:
    """The same up to AS_OF; everything after it is other, or more."""
    later = sf.col("ts") > sf.lit(AS_OF)
    telemetry = frames.readings.withColumn("volt", sf.when(later, 999.0).otherwise(sf.col("volt")))

    def flooded(frame: DataFrame, name: str, values: list[str]) -> DataFrame:
        more = frame.sparkSession.createDataFrame(
            [(1, before(-hour), value) for hour in (1, 12, 13, 300) for value in values], frame.schema
        )
        return frame.where(~later).unionByName(more.withColumnRenamed(frame.columns[2], name))

    errors = flooded(frames.coded["errors"], "error_id", [f"error{n}" for n in range(1, 6)])
    maint = flooded(frames.coded["maint"], "comp", [f"comp{n}" for n in range(1, 5)])
    return SourceFrames(frames.fleet, telemetry, {"errors": errors, "maint": maint})


def test_nothing_after_the_as_of_time_changes_a_feature(spark: SparkSession) -> None:
    rows = [(1, row[1] + timedelta(hours=72), *row[2:]) for row in readings()]
    frames = sources(
        spark,
        rows,
        [(1, before(5), "error1"), (1, before(-5), "error2")],
        [(1, before(360), "comp1"), (1, before(0), "comp2")],
    )

    assert at(spark, frames) == at(spark, altered(frames))


def test_equal_rows_give_equal_features_in_any_layout(spark: SparkSession) -> None:
    frames = sources(spark, readings())
    shuffled = SourceFrames(frames.fleet, frames.readings.repartition(7, "volt").orderBy("pressure"), frames.coded)

    assert at(spark, frames) == at(spark, shuffled)


def test_every_feature_declares_where_it_reads_and_how_far() -> None:
    assert len(set(FEATURE_SET.names)) == len(FEATURE_SET.features)
    assert FEATURE_SET.reach_hours("telemetry") == 720
    assert FEATURE_SET.reach_hours("errors") == 720
    assert FEATURE_SET.reach_hours("maint") is None
    assert FEATURE_SET.longest_window_hours == 720
    assert len(FEATURE_SET.schema_hash) == 16
    with pytest.raises(ValueError, match="failures"):
        FEATURE_SET.reach_hours("failures")
