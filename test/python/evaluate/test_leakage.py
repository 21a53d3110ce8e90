"""The area under the curve, against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.leakage import area_under_curve


def test_it_is_the_chance_that_a_failing_point_ranks_higher() -> None:
    rng = np.random.default_rng(3)
    probability = rng.integers(0, 12, 300) / 12
    label = rng.random(300) < 0.2 + 0.4 * probability

    pairs = probability[label][:, None] - probability[~label][None, :]
    assert area_under_curve(probability, label) == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2)


def test_knowing_nothing_is_one_half() -> None:
    assert area_under_curve(np.full(50, 0.3), np.arange(50) % 7 == 0) == pytest.approx(0.5)
