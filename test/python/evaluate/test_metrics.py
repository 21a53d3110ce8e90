"""Metrics of the evaluation on cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.metrics import Alerts, Scores, alerts, brier, calibration_error, log_loss, per_component

POINTS = 20


def flags(*places: tuple[int, int, int]) -> np.ndarray:
    found = np.zeros((2, POINTS, 4), dtype=bool)
    for place in places:
        found[place] = True
    return found


def ahead(*failures: tuple[int, int, int]) -> np.ndarray:
    """Hours to failures that happen at a point's own time (machine, point, component)."""
    found = np.full((2, POINTS, 4), np.inf)
    for machine, point, component in sorted(failures, reverse=True):
        for before in range(point):
            found[machine, before, component] = min(found[machine, before, component], 12.0 * (point - before))
    return found


def test_micro_scores() -> None:
    label, decided = flags((0, 1, 0), (0, 2, 1), (1, 3, 2)), flags((0, 1, 0), (0, 2, 1), (1, 4, 2), (1, 5, 2))

    assert Scores.of(decided, label) == Scores(0.5, pytest.approx(2 / 3), pytest.approx(4 / 7))
    assert per_component(decided, label)["comp3"] == Scores(0, 0, 0)


def test_nothing_predicted_scores_zero() -> None:
    assert Scores.of(flags(), flags((0, 1, 0))) == Scores(0, 0, 0)


def test_log_loss_and_brier() -> None:
    probability, label = np.array([0.8, 0.4]), np.array([True, False])

    assert log_loss(probability, label) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert brier(probability, label) == pytest.approx((0.04 + 0.16) / 2)
    assert np.isfinite(log_loss(np.array([0.0]), np.array([True])))


def test_calibration_error_of_an_honest_and_a_boastful_model() -> None:
    label = np.arange(100) % 4 == 0

    assert calibration_error(np.full(100, 0.25), label) == pytest.approx(0)
    assert calibration_error(np.full(100, 0.95), label) == pytest.approx(0.7)


def judged(decided: np.ndarray, distances: np.ndarray, decoys: np.ndarray | None = None) -> Alerts:
    return alerts(decided, distances, flags() if decoys is None else decoys, horizon_hours=24, least_lead_hours=12)


def test_an_alert_a_day_before_announces_the_failure() -> None:
    found = judged(flags((0, 8, 1), (0, 9, 1)), ahead((0, 10, 1)))

    assert (found.failures, found.announced, found.false_episodes, found.episodes) == (1, 1, 0, 1)
    assert found.median_lead_hours == 23.5


def test_an_alert_twelve_hours_before_is_out_half_an_hour_too_late() -> None:
    found = judged(flags((0, 9, 1)), ahead((0, 10, 1)))

    assert (found.failures, found.announced, found.median_lead_hours) == (1, 0, 11.5)


def test_an_alert_for_another_component_is_false() -> None:
    found = judged(flags((0, 8, 2)), ahead((0, 10, 1)))

    assert (found.announced, found.episodes, found.false_episodes) == (0, 1, 1)


def test_consecutive_false_alerts_are_one_episode_and_a_gap_makes_two() -> None:
    found = judged(flags((0, 3, 0), (0, 4, 0), (0, 6, 0)), ahead())

    assert found.false_episodes == 2
    assert found.false_per_machine_month == pytest.approx(2 / (2 * POINTS * 12 / 730.5))


def test_false_alerts_inside_a_decoy_are_told_apart() -> None:
    found = judged(flags((0, 3, 0), (1, 7, 0)), ahead(), flags((0, 3, 0)))

    assert found.decoy_share == 0.5


def test_two_failures_of_one_component_are_two_and_one_cut_off_by_the_start_does_not_count() -> None:
    found = judged(flags((0, 8, 1)), ahead((0, 10, 1), (0, 15, 1), (1, 1, 1)))

    assert (found.failures, found.announced) == (2, 1)
