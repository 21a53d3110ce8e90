"""A machine's history does not depend on its end, and start-up artefacts only add to it."""

from __future__ import annotations

from datetime import date

import pytest
from years import FIRST, LAST, START, failures_in

from simulator.days import closing_hour
from simulator.machines.fleet import Machine, draw_machine, simulate_history


def test_a_later_end_only_adds_events() -> None:
    machine = Machine(5, "model1", 18)
    short, long = (
        simulate_history(3, machine, START, closing_hour(end)) for end in (date(2015, 6, 1), date(2017, 6, 1))
    )

    for source in ("maint", "failures", "errors"):
        early = getattr(long, source).between(None, closing_hour(date(2015, 5, 30)))
        known = getattr(short, source).between(None, closing_hour(date(2015, 5, 30)))
        assert early.hours.tolist() == known.hours.tolist()
        assert early.codes.tolist() == known.codes.tolist()


def test_start_up_artefacts_fail_off_the_grid_without_maintenance() -> None:
    plain = [simulate_history(4, draw_machine(4, number), START, LAST) for number in range(1, 401)]
    marked = [simulate_history(4, history.machine, START, LAST, artefacts=True) for history in plain]

    extra = sum(failures_in(after) - failures_in(before) for before, after in zip(plain, marked, strict=True))
    assert extra / 400 == pytest.approx(0.186, abs=0.07)
    for before, after in zip(plain, marked, strict=True):
        assert after.maint.hours.tolist() == before.maint.hours.tolist()
        assert set(after.failures.hours.tolist()) - set(before.failures.hours.tolist()) <= {FIRST + 21}
