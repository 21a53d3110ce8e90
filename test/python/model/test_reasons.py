"""Reasons: the strongest causes first, at most three, and nothing that cannot be said."""

from __future__ import annotations

from typing import Any

import pytest
from pdm import FEATURE_SET, SCENARIO
from pyspark.sql import SparkSession

from batchkeeper.model.inputs import model_inputs
from batchkeeper.model.reasons import strongest, with_causes

# A machine of which nothing stands out: at its own normal, no error, every component replaced 20 days ago.
_QUIET: dict[str, Any] = {
    **{feature.name: 0 for feature in FEATURE_SET.features},
    **{
        f"{sensor}_{what}": 100.0
        for sensor in ("volt", "rotate", "pressure", "vibration")
        for what in ("mean_24h", "mean_3h", "normal_mean")
    },
    **{f"{sensor}_normal_sd": 10.0 for sensor in ("volt", "rotate", "pressure", "vibration")},
    **{f"error{number}_hours_since": None for number in range(1, 6)},
    **{f"comp{number}_age_hours": 480.0 for number in range(1, 5)},
    "hours_to_next_visit": 100.0,
    "machine_model": "model3",
    "machine_age_years": 9,
    "readings_24h": 24,
}
# Weight towards failure, mean, standard deviation.
_LEARNT = {
    "comp1": {
        "in_volt_deviation_24h": [0.5, 0.0, 10.0],
        "in_rotate_deviation_24h": [-0.4, 0.0, 10.0],
        "in_error1_hours_since": [-0.3, 700.0, 100.0],
        "in_comp1_age_hours": [0.2, 480.0, 100.0],
        "in_comp2_age_hours": [0.9, 480.0, 100.0],
    },
    "comp2": {},
    "comp3": {},
    "comp4": {},
}


def reasons(spark: SparkSession, component: str = "comp1", **facts: Any) -> list[str]:
    """What is said of a machine that differs from the quiet one in `facts`."""
    schema = ", ".join(f"{feature.name} {feature.type}" for feature in FEATURE_SET.features)
    values = {**_QUIET, **facts}
    kinds = {"float": float, "int": int, "string": str}
    row = tuple(
        None if values[feature.name] is None else kinds[feature.type](values[feature.name])
        for feature in FEATURE_SET.features
    )
    rows = with_causes(SCENARIO, spark.createDataFrame([row], schema), _LEARNT, model_inputs(SCENARIO))
    found = rows.selectExpr(f"{strongest(SCENARIO, component, _LEARNT, model_inputs(SCENARIO))} AS reasons").first()
    assert found is not None
    return list(found["reasons"])


def test_the_strongest_cause_comes_first_and_only_what_speaks_for_a_failure_is_said(spark: SparkSession) -> None:
    found = reasons(
        spark,
        volt_mean_24h=120.0,
        volt_mean_3h=120.0,
        error1_hours_since=2.0,
        rotate_mean_24h=130.0,
        rotate_mean_3h=130.0,
    )

    # error1: .3 * 698 / 100 = 2.1; volt: .5 * 20 / 10 = 1; rotation rose, which speaks against.
    assert found == ["error1 seen 2 h ago", "volt 24 h mean 20.0 V above the machine's normal (2.0 sd)"]


def test_no_more_than_three_are_given_and_the_age_of_another_component_is_none(spark: SparkSession) -> None:
    found = reasons(
        spark,
        volt_mean_24h=120.0,
        volt_mean_3h=120.0,
        rotate_mean_24h=60.0,
        rotate_mean_3h=60.0,
        error1_hours_since=2.0,
        comp1_age_hours=960.0,
        comp2_age_hours=9600.0,
    )

    assert found == [
        "error1 seen 2 h ago",
        "rotate 24 h mean 40.0 rpm below the machine's normal (4.0 sd)",
        "volt 24 h mean 20.0 V above the machine's normal (2.0 sd)",
    ]


def test_a_sensor_without_spread_has_no_sentence_and_takes_no_place(spark: SparkSession) -> None:
    found = reasons(spark, volt_mean_24h=180.0, volt_mean_3h=180.0, volt_normal_sd=0.0, comp1_age_hours=960.0)

    assert found == ["comp1 replaced 40 days ago"]


@pytest.mark.parametrize("component", ["comp1", "comp2"])
def test_without_a_cause_nothing_is_said(spark: SparkSession, component: str) -> None:
    assert reasons(spark, component) == []
