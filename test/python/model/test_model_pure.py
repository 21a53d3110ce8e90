"""Calibration, splits, costs and the gate, without Spark."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pdm import COMPONENTS, HORIZONS, SCENARIO

from batchkeeper.errors import ParameterError
from batchkeeper.evaluation.gate import Gate, Limits
from batchkeeper.evaluation.metrics import Cell, Scores, Tally
from batchkeeper.model.heads import CalibratedHeads, fit_calibration
from batchkeeper.model.inputs import model_inputs
from batchkeeper.scenario import Fact, Horizon
from batchkeeper.training.costs import Cost, parse_costs
from batchkeeper.training_set.splits import make_splits, needed_gap_hours

START = datetime(2015, 1, 1, 6, tzinfo=UTC)
GAP = needed_gap_hours(SCENARIO)
GATE = Gate(SCENARIO, parse_costs("", SCENARIO.horizons), Limits())


def test_calibration_is_non_decreasing_and_follows_the_observed_rates() -> None:
    scores = np.linspace(0, 1, 101)
    truth = scores**2

    curve = fit_calibration(scores.tolist(), (truth * 1000).tolist(), [1000.0] * 101)

    nodes = curve.at_nodes()
    assert all(a <= b for a, b in itertools.pairwise(nodes))
    assert nodes[500] == pytest.approx(0.25, abs=0.01)


def test_calibration_pools_scores_in_the_wrong_order_and_never_says_impossible() -> None:
    curve = fit_calibration([0.1, 0.5, 0.9], [0, 60, 30], [1000, 100, 100])

    assert curve.scores == (0.1, 0.7)
    assert curve.probabilities[1] == pytest.approx(0.45, abs=0.01)
    assert 0 < curve.probabilities[0] < 0.001


def test_splits_are_apart_by_horizon_and_longest_window() -> None:
    splits = make_splits(
        START, START + timedelta(days=300), validation_days=30, test_days=30, gap_hours=GAP, least_gap_hours=GAP
    )

    gap = timedelta(hours=168 + 720)
    assert splits.validation[0] - splits.train[1] == gap
    assert splits.test[0] - splits.validation[1] == gap
    assert splits.test[1] == START + timedelta(days=300)


def test_a_span_too_short_or_a_gap_too_small_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="window_start"):
        make_splits(
            START, START + timedelta(days=150), validation_days=30, test_days=30, gap_hours=GAP, least_gap_hours=GAP
        )
    with pytest.raises(ParameterError, match="gap_hours"):
        make_splits(
            START, START + timedelta(days=300), validation_days=30, test_days=30, gap_hours=GAP - 1, least_gap_hours=GAP
        )


def test_the_threshold_is_where_acting_begins_to_pay() -> None:
    cost = Cost(missed_failure=3000, needless_action=1000)

    p = cost.threshold
    assert p * cost.missed_failure == pytest.approx((1 - p) * cost.needless_action)


@pytest.mark.parametrize("text", ["{", '{"24": [1, 2]}', '{"24": [0, 1], "48": [1, 1], "168": [1, 1]}'])
def test_a_bad_cost_table_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="costs"):
        parse_costs(text, SCENARIO.horizons)


def test_a_refused_cost_table_shows_one_of_its_own_horizons() -> None:
    with pytest.raises(ParameterError, match=r'such as \{"12": \[900, 300\]\}$'):
        parse_costs("{", [Horizon(12, 900, 300)])


def test_a_category_may_hold_a_quote() -> None:
    fleet = replace(SCENARIO.fleet, facts=(Fact("maker", "string", categories=("O'Neil",)),))
    found = {one.name: one.expression for one in model_inputs(replace(SCENARIO, fleet=fleet))}

    assert found["in_maker_0"] == "CAST(maker <=> 'O\\'Neil' AS DOUBLE)"


def scores(*, found: int, false: int, off: float = 0.0, bad_model: str = "") -> Scores:
    """100 failures in 10,000 rows per head and machine model, of which `found` are alerted; `off` shifts all
    probabilities.
    """
    cells = []
    for component in COMPONENTS:
        for horizon in HORIZONS:
            for model in ("model1", "model2"):
                hits = 20 if model == bad_model else found
                tally = Tally(
                    rows=10_000, positives=100, true_alerts=hits, false_alerts=false, probability=100 + off * 10_000
                )
                cells.append(Cell(component, horizon, (model, "0-6 years"), 0, tally))
    return Scores(tuple(cells))


RULE = scores(found=100, false=30)


def test_a_better_calibrated_challenger_passes() -> None:
    verdict = GATE.judge(scores(found=99, false=2), RULE, scores(found=98, false=4))

    assert verdict.passed
    assert len(verdict.for_it) == 4


@pytest.mark.parametrize(
    ("challenger", "champion", "reason"),
    [
        (scores(found=60, false=0), None, "of the rule"),
        (scores(found=99, false=2), scores(found=99, false=2), "champion"),
        (scores(found=99, false=2, off=0.1), None, "calibration error"),
        (scores(found=99, false=0, bad_model="model2"), None, "model2"),
    ],
)
def test_each_condition_alone_refuses(challenger: Scores, champion: Scores | None, reason: str) -> None:
    rule = RULE if reason == "of the rule" else scores(found=50, false=90)
    verdict = GATE.judge(challenger, rule, champion)

    assert not verdict.passed
    assert any(reason in text for text in verdict.against)
    assert len(verdict.against) == 1


def test_nothing_is_judged_without_failures() -> None:
    empty = Scores((Cell("comp1", 24, ("model1", "0-6 years"), 0, Tally(rows=10)),))

    assert any("no failure" in text for text in GATE.judge(empty, RULE, None).against)


def test_cost_counts_misses_and_false_alerts_at_24_and_48_hours() -> None:
    costs = {24: Cost(10, 1), 48: Cost(10, 1), 168: Cost(10, 1)}

    assert Gate(SCENARIO, costs, Limits()).total_cost(scores(found=99, false=2)) == 2 * 8 * (1 * 10 + 2 * 1)


def test_a_model_of_before_finds_the_class_of_its_last_stage() -> None:
    assert importlib.import_module("predictive_maintenance.heads").CalibratedHeads is CalibratedHeads
