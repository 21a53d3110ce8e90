"""Labels and baselines of the evaluation, on histories small enough to check by hand and on a simulated fleet."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from evaluate.metrics import Scores, brier, log_loss
from evaluate.truth import Points, eligibility, hours_to_failure, rule
from simulator.days import closing_hour
from simulator.machines.fleet import Events, Machine, MachineHistory, draw_machine, simulate_history

START = closing_hour(date(2015, 1, 1))
DAY = 24


def history(**events: list[tuple[int, int]]) -> MachineHistory:
    machine = Machine(1, "model1", 18)
    return MachineHistory(machine, *(Events.of(events.get(source, [])) for source in ("maint", "failures", "errors")))


def points(first: int, last: int) -> Points:
    return Points.of([history()], first, last)


def test_points_lie_at_six_and_eighteen() -> None:
    found = points(START + 1, START + 2 * DAY)

    assert ((found.hours - START) % 12 == 0).all()
    assert (found.hours[0], found.hours[-1]) == (START + 12, START + 2 * DAY)


def test_a_failure_is_ahead_until_it_happens_and_the_past_from_then_on() -> None:
    failure = START + 2 * DAY
    found = hours_to_failure([history(failures=[(failure, 2)])], points(START, START + 3 * DAY))[0, :, 1]

    assert found[:5].tolist() == [48, 36, 24, 12, np.inf]


def test_each_component_has_its_own_label() -> None:
    failure = START + DAY
    found = hours_to_failure([history(failures=[(failure, 1), (failure, 4)])], points(START, START))

    assert (found[0, 0] <= 24).tolist() == [True, False, False, True]


def test_the_rule_counts_an_error_at_t_and_forgets_it_a_day_later() -> None:
    errors = [(START + 12, 1)]
    found = rule([history(errors=errors)], points(START, START + 3 * DAY))[0, :, 0]

    assert found.tolist() == [False, True, True, False, False, False, False]


def test_comp2_needs_both_of_its_errors() -> None:
    one = rule([history(errors=[(START, 2)])], points(START, START))[0, 0]
    both = rule([history(errors=[(START, 2), (START - 5, 3)])], points(START, START))[0, 0]

    assert one.tolist() == [False, False, False, False]
    assert both.tolist() == [False, True, False, False]


def test_eligibility_wants_a_visit_within_the_horizon_and_the_age_at_that_visit() -> None:
    visits = [(START + 15 * DAY * number, 3) for number in range(3)]
    maint = [(START - 40 * DAY, 1), (START - 4 * DAY, 2), *visits]
    at = Points.of([history()], START + 12 * DAY, START + 12 * DAY)
    far = Points.of([history()], START + DAY, START + DAY)

    assert eligibility([history(maint=maint)], at, 168, START)[0, 0].tolist() == [0.143, 0.0005, 0.0005, 0.0005]
    assert eligibility([history(maint=maint)], far, 168, START)[0, 0].tolist() == [0.0005] * 4


@pytest.fixture(scope="module")
def fleet() -> list[MachineHistory]:
    until = closing_hour(date(2016, 1, 1))
    return [simulate_history(9, draw_machine(9, number), date(2015, 1, 1), until) for number in range(1, 601)]


@pytest.mark.parametrize(("horizon", "f1"), [(24, 0.878), (48, 0.616), (96, 0.383), (168, 0.247)])
def test_the_rule_is_as_good_on_simulated_events_as_on_the_original(
    fleet: list[MachineHistory], horizon: int, f1: float
) -> None:
    at = Points.of(fleet, closing_hour(date(2015, 3, 1)), closing_hour(date(2016, 1, 1)) - horizon)
    scores = Scores.of(rule(fleet, at), hours_to_failure(fleet, at) <= horizon)

    assert scores.f1 == pytest.approx(f1, abs=0.03)
    if horizon == 24:
        assert scores.recall == 1.0


@pytest.mark.parametrize(
    ("horizon", "losses", "base"), [(96, (0.0448, 0.0138), (0.0857, 0.0168)), (168, (0.0777, 0.0240), (0.1324, 0.0288))]
)
def test_eligibility_is_as_good_as_on_the_original(
    fleet: list[MachineHistory], horizon: int, losses: tuple[float, float], base: tuple[float, float]
) -> None:
    at = Points.of(fleet, closing_hour(date(2015, 9, 1)), closing_hour(date(2016, 1, 1)) - horizon)
    label = hours_to_failure(fleet, at) <= horizon
    table = eligibility(fleet, at, horizon, START)
    rate = np.broadcast_to(label.mean(axis=(0, 1)), label.shape)

    assert (log_loss(table, label), brier(table, label)) == pytest.approx(losses, rel=0.12)
    assert (log_loss(rate, label), brier(rate, label)) == pytest.approx(base, rel=0.12)
