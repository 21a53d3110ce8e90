"""PSI: its arithmetic, and drift on real rows."""

from __future__ import annotations

import math

import pytest
from pyspark.sql import SparkSession

from batchkeeper.monitoring.drift import SERIOUS, edges_and_shares, fitted_to_lump, measure_drift, psi


def test_psi_of_a_known_shift() -> None:
    assert psi([0.5, 0.5], [50, 50]) == 0
    expected = (0.9 - 0.5) * math.log(0.9 / 0.5) + (0.1 - 0.5) * math.log(0.1 / 0.5)
    assert psi([0.5, 0.5], [90, 10]) == pytest.approx(expected)
    assert psi([0.5, 0.5], [0, 0]) == 0
    assert math.isfinite(psi([0.0, 1.0], [10, 0]))


def test_equal_quantiles_join_their_bins() -> None:
    edges, shares = edges_and_shares([0.0, 0.0, 0.0, 5.0])
    assert edges == [0.0, 5.0]
    assert shares == pytest.approx([0.6, 0.2, 0.2])


def test_a_lump_at_the_top_drifts_only_when_more_than_a_step_leaves_it() -> None:
    quantiles = [0.0] * 9
    _, shares = edges_and_shares(quantiles)

    def drift(above: int) -> float:
        counts = [1000 - above, above]
        return psi(fitted_to_lump(shares, counts, quantiles), counts)

    assert drift(0) == pytest.approx(0)
    assert drift(50) == pytest.approx(0)
    assert drift(600) > SERIOUS


def test_only_the_moved_feature_drifts(spark: SparkSession) -> None:
    rows = spark.range(1000).selectExpr(
        "id / 1000.0 AS steady", "0.5 + id / 1000.0 AS moved", "IF(id < 250, NULL, id / 1000.0) AS holed"
    )
    baseline = {name: [step / 10 for step in range(1, 10)] for name in ("steady", "moved", "holed", "absent")}
    found = {drift.feature: drift for drift in measure_drift(rows, baseline)}
    assert set(found) == {"steady", "moved", "holed"}
    assert found["steady"].psi < 0.001
    assert found["moved"].psi > SERIOUS
    assert found["holed"].missing == pytest.approx(0.25)
