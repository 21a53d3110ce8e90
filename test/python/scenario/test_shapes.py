"""A value of another type is told with its place, and hides no other fault."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pdm import SCENARIO

from batchkeeper.errors import ScenarioError
from batchkeeper.scenario import Baseline, Clock, Grid, Horizon, Normal, Reading, Targets, Windows
from batchkeeper.scenario.checks.all import faults_of
from batchkeeper.scenario.load import load_scenario

READINGS, TARGETS, EVENTS = SCENARIO.readings, SCENARIO.targets, SCENARIO.events[0]


def told(**changes: Any) -> dict[str, str]:
    """The first fault of each place."""
    return dict(reversed(faults_of(replace(SCENARIO, **changes))))


@pytest.mark.parametrize(
    ("changes", "place", "what"),
    [
        ({"targets": replace(TARGETS, names="comp1")}, "targets.names", "'comp1' must be a tuple, such as ('a',)"),
        ({"events": (replace(EVENTS, codes="error1"),)}, "events[0].codes", "must be a tuple"),
        ({"events": (replace(EVENTS, count=24),)}, "events[0].count", "24 must be a tuple, such as (24,)"),
        ({"events": EVENTS}, "events", "must be a tuple"),
        ({"events": (replace(EVENTS, count=("24",)),)}, "events[0].count[0]", "'24' must be a whole number"),
        ({"grid": Grid(12)}, "grid.every", "12 must be a timedelta"),
        ({"grid": Grid(timedelta(0))}, "grid.every", "0:00:00 must be whole seconds that divide a day"),
        ({"clock": Clock(day_begins="6")}, "clock.day_begins", "'6' must be a whole number"),
        ({"clock": Clock(dates_at=25)}, "clock.dates_at", "must be an hour from 0 to 24, or None"),
        ({"clock": Clock(headers=())}, "clock.headers", "names no column"),
        ({"horizons": (24, 48)}, "horizons[0]", "24 must be a Horizon"),
        ({"horizons": (Horizon(24, "1500", 1000),)}, "horizons[0].missed", "'1500' must be a number"),
        ({"readings": replace(READINGS, step=timedelta(0))}, "readings.step", "must be whole seconds above 0"),
        ({"readings": replace(READINGS, values=(Reading("volt", largest=0),))}, "readings.values[0].largest", "above"),
        ({"readings": replace(READINGS, windows=Windows(mean=24))}, "readings.windows.mean", "must be a tuple"),
        ({"readings": replace(READINGS, normal=Normal(720.5, 48))}, "readings.normal.hours", "a whole number"),
        ({"rule": Baseline("rule", {"comp1": True})}, "rule.of[comp1]", "True must be a text"),
        ({"rule": Baseline("rule", "error1_count_24h > 0")}, "rule.of", "must be a mapping"),
        ({"rules": "rules.yml"}, "rules", "'rules.yml' must be a Path"),
        ({"targets": replace(TARGETS, names=("all", "comp1"))}, "targets.names[0]", "all of them together"),
        ({"targets": replace(TARGETS, spelled={"comp9": "c"})}, "targets.spelled", "comp9 is none of comp1"),
        ({"events": (replace(EVENTS, spelled={"error1": "error2"}),)}, "events[0].spelled", "alike: error2"),
        ({"events": (replace(EVENTS, codes=("E-1",)),)}, "events[0].codes[0]", "`spelled` says how files write it"),
        ({"targets": replace(TARGETS, headers=("datetime",))}, "source failures: headers", "datetime"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], place: str, what: str) -> None:
    assert what in told(**changes)[place]


def test_a_wrong_type_hides_no_other_fault() -> None:
    found = told(grid=Grid(every=12), targets=Targets("failures", names=()), clock=Clock(day_begins=-1))

    assert {"grid.every", "targets.names", "clock.day_begins"} <= found.keys()


def test_a_wrong_type_hides_its_own_parts_alone() -> None:
    assert {"rule", "rules"} <= told(rule=3, rules=Path("absent.yml")).keys()
    assert "targets.names[0]" in told(targets=Targets(3, names=("a b",)))


def test_a_grid_without_a_step_hides_no_other_fault() -> None:
    found = told(grid=Grid(timedelta(0)), readings=replace(READINGS, windows=Windows(mean=(0, 24), deviation=(7,))))

    assert {"grid.every", "readings.windows.mean[0]", "readings.windows.deviation"} <= found.keys()


def test_a_declaration_that_cannot_be_read_is_told_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "half_written"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "scenario.py").write_text("from batchkeeper.scenario import Grid\nGrid()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "half_written", raising=False)

    with pytest.raises(ScenarioError, match=r"half_written/scenario.py cannot be read: TypeError: .*every"):
        load_scenario("half_written")
