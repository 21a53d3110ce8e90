"""A declaration is checked as a whole: every fault is listed with its place, and a sound one has none."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from declarations import few_facts
from pdm import SCENARIO

from batchkeeper.errors import ScenarioError
from batchkeeper.scenario import Baseline, Clock, Fact, Grid, Horizon, Reading, Scenario, Slice, Windows, Words
from batchkeeper.scenario.checks.all import faults_of
from batchkeeper.scenario.load import load_scenario

READINGS, TARGETS, FLEET = SCENARIO.readings, SCENARIO.targets, SCENARIO.fleet
assert FLEET
WINDOWS = READINGS.windows


def places(**changes: Any) -> list[str]:
    return [place for place, _ in faults_of(replace(SCENARIO, **changes))]


def test_the_shipped_scenario_and_one_of_few_facts_are_sound() -> None:
    assert faults_of(SCENARIO) == []
    assert faults_of(few_facts()) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"entity": replace(SCENARIO.entity, type="float")}, "entity.type"),
        ({"entity": replace(SCENARIO.entity, name="as_of")}, "entity.name"),
        *(
            ({"entity": replace(SCENARIO.entity, name=name)}, "entity.name")
            for name in ("point", "Day", "visit", "since")
        ),
        ({"targets": replace(TARGETS, called="Machine_id")}, "targets.called"),
        ({"clock": Clock(day_begins=25)}, "clock.day_begins"),
        ({"rules": Path("absent.yml")}, "rules"),
        ({"grid": Grid(timedelta(hours=7))}, "grid.every"),
        ({"grid": Grid(timedelta(hours=12), timedelta(hours=12))}, "grid.offset"),
        ({"grid": Grid(timedelta(minutes=30))}, "grid.every"),
        (
            {"readings": replace(READINGS, windows=replace(WINDOWS, mean=(*WINDOWS.mean, 50)))},
            "readings.windows.mean[5]",
        ),
        ({"readings": replace(READINGS, windows=replace(WINDOWS, spread=(6,)))}, "readings.windows.spread[0]"),
        ({"readings": replace(READINGS, windows=replace(WINDOWS, deviation=(36,)))}, "readings.windows.deviation"),
        ({"readings": replace(READINGS, windows=replace(WINDOWS, fresh=2))}, "readings.windows.fresh"),
        ({"readings": replace(READINGS, windows=replace(WINDOWS, mean=(24, 720)))}, "readings.windows.mean[1]"),
        ({"readings": replace(READINGS, name="features")}, "readings.name"),
        ({"readings": replace(READINGS, values=(Reading("volt", largest=1e12),))}, "readings.values[0].largest"),
        *(
            ({"readings": replace(READINGS, values=(Reading("volt", largest=odd),))}, "readings.values[0].largest")
            for odd in (math.inf, math.nan)
        ),
        ({"readings": replace(READINGS, values=(Reading("volt"), Reading("Volt")))}, "features"),
        ({"events": (replace(SCENARIO.events[0], count=(18,)),)}, "events[0].count[0]"),
        ({"events": (replace(SCENARIO.events[0], codes=("E-1",)),)}, "events[0].codes[0]"),
        ({"events": (replace(SCENARIO.events[0], codes=("comp1",)),)}, "codes, targets and values"),
        ({"events": (replace(SCENARIO.events[0], codes=("Volt",)),)}, "codes, targets and values"),
        ({"events": (replace(SCENARIO.events[0], codes=("visit",)),)}, "codes, targets and values"),
        ({"events": (replace(SCENARIO.events[0], codes=("place",)),)}, "events[0].codes[0]"),
        ({"readings": replace(READINGS, name="Features")}, "readings.name"),
        ({"events": SCENARIO.events * 2}, "sources"),
        ({"targets": replace(TARGETS, column=None)}, "targets.column"),
        ({"targets": replace(TARGETS, names=())}, "targets.names"),
        ({"horizons": ()}, "horizons"),
        ({"horizons": (Horizon(48, 1, 1), Horizon(24, 1, 1))}, "horizons"),
        ({"horizons": (Horizon(24, 0, 1),)}, "horizons[0]"),
        ({"horizons": (Horizon(24, 1, 1, acted_on=False),)}, "horizons[0].acted_on"),
        ({"rule": Baseline("rule", {"comp1": "true"})}, "rule.of"),
        ({"rule": Baseline("rule", dict.fromkeys(TARGETS.names, "volts_mean_24h > 3"))}, "rule.of[comp1]"),
        ({"fleet": replace(FLEET, facts=(Fact("model", "date"),))}, "fleet.facts[0].type"),
        ({"slices": (Slice("colour"),)}, "slices[0].feature"),
        ({"slices": (Slice("machine_model", (("a", 1, 2),)),)}, "slices[0].bands"),
        ({"words": Words(reading="{nmae} is high")}, "words.reading"),
    ],
)
def test_a_fault_is_told_with_its_place(changes: dict[str, Any], place: str) -> None:
    assert place in places(**changes)


def test_all_faults_are_told_at_once() -> None:
    windows = Windows(mean=(5, 50), deviation=(7,))
    found = places(readings=replace(READINGS, windows=windows), entity=replace(SCENARIO.entity, type="date"))

    assert {"entity.type", "readings.windows.mean[1]", "readings.windows.deviation"} <= set(found)


def package(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "scenario.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_a_package_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from dataclasses import replace\nfrom pdm import SCENARIO as S\nSCENARIO = replace(S, name='other_fleet')\n"

    loaded = load_scenario(package(tmp_path, "other_fleet", text, monkeypatch))

    assert isinstance(loaded, Scenario)
    assert loaded.name == "other_fleet"


@pytest.mark.parametrize("name", ["no_such_scenario", "../etc", "Os", "batchkeeper"])
def test_what_is_no_scenario_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match="scenario"):
        load_scenario(name)


def test_a_package_with_faults_is_refused_with_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "from dataclasses import replace\nfrom pdm import SCENARIO as S\n"
        "SCENARIO = replace(S, horizons=(), entity=replace(S.entity, type='date'))\n"
    )

    with pytest.raises(ScenarioError) as refused:
        load_scenario(package(tmp_path, "faulty_fleet", text, monkeypatch))

    lines = str(refused.value).splitlines()
    assert lines[0] == "faulty_fleet/scenario.py has 3 faults:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["name", "entity.type", "horizons"]
