"""The simulated events have the statistics of the original files (predictive-maintenance guide, 2.3 and 2.5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from years import FIRST, LAST, START, failures_in

from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory, draw_machine, simulate_history

MACHINES = 1500


@dataclass
class Visits:
    """Outcomes of all grid visits: per component the visits above and below its age threshold, and the failures at
    them.
    """

    above: Counter[int] = field(default_factory=Counter)
    failed_above: Counter[int] = field(default_factory=Counter)
    failed_below: Counter[int] = field(default_factory=Counter)
    replaced: Counter[int] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def fleet() -> list[MachineHistory]:
    return [simulate_history(11, draw_machine(11, number), START, LAST) for number in range(1, MACHINES + 1)]


@pytest.fixture(scope="module")
def visits(fleet: list[MachineHistory]) -> Visits:
    found = Visits()
    for history in fleet:
        replacements: dict[int, set[int]] = {}
        for hour, code in zip(*map(np.ndarray.tolist, history.maint), strict=True):
            replacements.setdefault(hour, set()).add(code)
        failures = set(zip(*map(np.ndarray.tolist, history.failures), strict=True))
        last = {
            code: max(h for h, codes in replacements.items() if h < FIRST and code in codes) for code in range(1, 5)
        }
        grid = min(hour for hour in replacements if hour >= FIRST)
        while grid - 360 >= FIRST:  # visits before the first at which anything was replaced
            grid -= 360
        for hour in range(grid, LAST + 1, 360):
            codes = replacements.get(hour, set())
            found.sizes[len(codes)] += 1
            for code, component in enumerate(recipe.COMPONENTS, start=1):
                if hour > FIRST and component.eligible(history.machine.model, history.machine.age):
                    old = hour - last[code] >= component.min_age_days * 24
                    found.above[code] += old
                    (found.failed_above if old else found.failed_below)[code] += (hour, code) in failures
                if code in codes:
                    found.replaced[code] += 1
                    last[code] = hour
    return found


def test_models_and_ages_have_the_originals_shares(fleet: list[MachineHistory]) -> None:
    models = Counter(history.machine.model for history in fleet)
    ages = Counter(history.machine.age for history in fleet)

    for model, share in zip(recipe.MODELS, (0.085, 0.186, 0.415, 0.314), strict=True):
        assert models[model] / MACHINES == pytest.approx(share, abs=0.05)
    assert set(ages) == set(range(21))
    assert max(ages.values()) < 2 * MACHINES / 21


def test_every_event_of_the_year_lies_on_the_machines_own_grid_at_six(fleet: list[MachineHistory]) -> None:
    phases = Counter()
    for history in fleet:
        hours = np.concatenate([history.maint.hours[history.maint.hours >= FIRST], history.failures.hours])
        assert set((hours % 24).tolist()) == {6}
        phase = set(((hours - FIRST) // 24 % 15).tolist())
        assert len(phase) == 1
        phases.update(phase)

    assert set(phases) == set(range(15))
    assert max(phases.values()) < 1.6 * MACHINES / 15


def test_the_year_before_holds_one_record_per_component_off_the_grid(fleet: list[MachineHistory]) -> None:
    for history in fleet:
        before = history.maint.hours < FIRST
        assert sorted(history.maint.codes[before].tolist()) == [1, 2, 3, 4]
        ages = (FIRST - history.maint.hours[before]) // 24
        assert ages.min() >= 4
        assert ages.max() <= 214


def test_a_visit_replaces_none_one_or_two(visits: Visits) -> None:
    total = sum(visits.sizes.values())

    assert set(visits.sizes) == {0, 1, 2}
    for size, share in enumerate((0.121, 0.588, 0.291)):
        assert visits.sizes[size] / total == pytest.approx(share, abs=0.011)
    for code in range(1, 5):
        assert visits.replaced[code] / total == pytest.approx(0.29, abs=0.011)


@pytest.mark.parametrize(("code", "hazard"), [(1, 0.143), (2, 0.144), (3, 0.284), (4, 0.282)])
def test_the_hazard_is_flat_above_the_age_threshold_and_zero_below(visits: Visits, code: int, hazard: float) -> None:
    rate = visits.failed_above[code] / visits.above[code]
    error = np.sqrt(hazard * (1 - hazard) / visits.above[code])

    assert rate == pytest.approx(hazard, abs=4 * error)
    assert 4 * error < 0.035, "the sample is too small to tell"
    assert visits.failed_below[code] == 0


def test_components_never_fail_where_they_cannot(fleet: list[MachineHistory]) -> None:
    for history in fleet:
        failed = set(history.failures.codes.tolist())
        if history.machine.model in ("model3", "model4"):
            assert 3 not in failed
        if history.machine.age < 14:
            assert 4 not in failed


def test_every_failure_is_a_row_of_maintenance(fleet: list[MachineHistory]) -> None:
    for history in fleet:
        maint = set(zip(*map(np.ndarray.tolist, history.maint), strict=True))
        assert maint.issuperset(zip(*map(np.ndarray.tolist, history.failures), strict=True))


def test_failures_per_machine_year_by_model_and_age(fleet: list[MachineHistory]) -> None:
    for model, rate in zip(recipe.MODELS, (8.7, 9.7, 5.7, 5.7), strict=True):
        assert np.mean([failures_in(h) for h in fleet if h.machine.model == model]) == pytest.approx(rate, rel=0.12)
    assert np.mean([failures_in(h) for h in fleet if h.machine.age < 14]) == pytest.approx(5.5, rel=0.1)
    assert np.mean([failures_in(h) for h in fleet if h.machine.age >= 14]) == pytest.approx(9.2, rel=0.1)


def test_double_failures_are_rare_and_triple_ones_never_happen(fleet: list[MachineHistory]) -> None:
    sizes = Counter(count for history in fleet for count in Counter(history.failures.hours.tolist()).values())

    assert set(sizes) == {1, 2}
    assert sizes[2] / sum(sizes.values()) == pytest.approx(358 / 6368, abs=0.015)


def _split_errors(history: MachineHistory) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    errors = set(zip(*map(np.ndarray.tolist, history.errors), strict=True))
    announced = {
        (hour - 24, error)
        for hour, code in zip(*map(np.ndarray.tolist, history.failures), strict=True)
        for error in recipe.COMPONENTS[code - 1].errors
    }
    return announced, errors - announced


def test_every_failure_has_its_errors_exactly_a_day_before(fleet: list[MachineHistory]) -> None:
    assert [component.errors for component in recipe.COMPONENTS] == [(1,), (2, 3), (4,), (5,)]
    for history in fleet:
        announced, _ = _split_errors(history)
        assert announced <= set(zip(*map(np.ndarray.tolist, history.errors), strict=True))


def test_background_errors_are_poisson_at_any_hour(fleet: list[MachineHistory]) -> None:
    background = [_split_errors(history)[1] for history in fleet]
    counts = np.array([len(found) for found in background])
    hours = Counter(hour % 24 for found in background for hour, _ in found)
    codes = Counter(error for found in background for _, error in found)

    assert counts.mean() == pytest.approx(2.92, rel=0.06)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.15)
    assert len(hours) == 24
    assert (
        sum((found - counts.sum() / 24) ** 2 for found in hours.values()) / (counts.sum() / 24) < 58
    )  # chi-square, 23 df, p < 1e-4
    for error, share in enumerate((0.31, 0.245, 0.193, 0.206, 0.05), start=1):
        assert codes[error] / counts.sum() == pytest.approx(share, abs=0.03)
