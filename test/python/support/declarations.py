"""Declarations other than the shipped one, for tests: of few facts, and random ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import yaml
from pdm import SCENARIO

from batchkeeper.scenario import (
    Baseline,
    Clock,
    Counter,
    Entity,
    Events,
    Fact,
    Fleet,
    Grid,
    Horizon,
    Maintenance,
    Normal,
    Reading,
    Readings,
    Scenario,
    Targets,
    Windows,
)

FACTS = ((Fact("kind", "string"), Fact("size", "int")), ())


def few_facts() -> Scenario:
    """One target, readings once a day, a counter, text ids; no events, no maintenance, no fleet."""
    return Scenario(
        name="few_facts",
        rules=SCENARIO.rules,
        entity=Entity("serial", "string", "drive"),
        clock=Clock(day_begins=0),
        grid=Grid(timedelta(days=1)),
        readings=Readings(
            "smart",
            step=timedelta(days=1),
            values=(Reading("temperature", "C", largest=200), Counter("bad_sectors", rise=(168,))),
            windows=Windows(mean=(24, 168), spread=(168,), deviation=(168,)),
            normal=Normal(hours=1440, gap_hours=168),
        ),
        targets=Targets("failures", names=("drive",)),
        horizons=(Horizon(168, 100, 10), Horizon(720, 100, 10, acted_on=False)),
        rule=Baseline("rule", {"drive": "coalesce(bad_sectors_level, 0) > 0"}),
    )


def dated(folder: Path) -> Scenario:
    """Days as dates without a clock, files named after the day that they hold, values that a row may lack."""
    rules = yaml.safe_load(SCENARIO.rules.read_text()) | {"sources": {}}
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    declared = few_facts()
    values = (Reading("load", largest=100), Reading("heat", optional=True), Counter("starts", (168,), optional=True))
    return replace(
        declared,
        rules=folder / "rules.yml",
        clock=Clock(headers=("day",), day_begins=24, dates_at=24),
        rule=Baseline("rule", {"drive": "starts_level > 0"}),
        readings=replace(declared.readings, values=values),
    )


def drawn(seed: int) -> Scenario:
    """A random declaration, in which any part may be missing."""
    draw = Random(seed)
    step_hours = draw.choice((1, 3, 6, 12, 24))
    every = timedelta(hours=step_hours)
    reading_step = draw.choice([step for step in (timedelta(minutes=30), timedelta(hours=1), every) if step <= every])

    def windows(count: int) -> tuple[int, ...]:
        return tuple(sorted(step_hours * factor for factor in draw.sample(range(1, 7), count)))

    inside = tuple(hours for hours in (1, 2) if hours < step_hours and draw.random() < 0.5)
    mean = (*inside, *windows(draw.choice((1, 2, 3))))
    values: list[Reading | Counter] = [
        Reading(f"value{number}", optional=draw.random() < 0.4) for number in range(draw.choice((0, 1, 2)))
    ]
    if not values or draw.random() < 0.6:
        values.append(Counter("counter", rise=windows(draw.choice((1, 2))), optional=True))
    targets = ("part1", "part2")[: draw.choice((1, 2))]
    text_ids = draw.random() < 0.5
    events = tuple(
        Events(
            f"events{number}",
            "code",
            codes=(f"e{number}a", f"e{number}b"),
            count=windows(2),
            since=step_hours * 8,
            # Alike in both sources, which mean different codes by it.
            spelled={f"e{number}a": "it's {47}\\"},
        )
        for number in range(draw.choice((0, 1, 2)))
    )
    return replace(
        few_facts(),
        name=f"drawn{seed}",
        entity=Entity("unit", "string" if text_ids else "bigint", "unit"),
        grid=Grid(every, timedelta(hours=draw.randrange(step_hours))),
        readings=Readings(
            "readings_of_units",
            step=reading_step,
            values=tuple(values),
            windows=Windows(mean=mean, spread=windows(1), deviation=(mean[-1],)),
            normal=Normal(hours=step_hours * 20, gap_hours=step_hours * 2),
        ),
        fleet=Fleet("units", facts=draw.choice(FACTS)) if draw.random() < 0.6 else None,
        events=events,
        maintenance=(
            Maintenance("replacements", "part", visit_every=draw.choice((None, timedelta(days=2))))
            if draw.random() < 0.6
            else None
        ),
        targets=Targets("breakdowns", names=targets, column="part" if len(targets) > 1 else None),
        rule=Baseline("rule", dict.fromkeys(targets, "readings_normal > 0")),
    )
