"""Faults of names, types and the grid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from batchkeeper.scenario.checks.fault import Fault, repeated
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set

_DAY = timedelta(days=1)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TABLES = frozenset(
    re.findall(
        r"\w+",
        "ingest_files ingest_log quarantine history confirmed snapshots touched completeness features feature_progress "
        "presence labels training_rows training_sets models gate_decisions predictions scoring_progress evaluations "
        "drift_metrics",
    )
)
_COLUMNS = frozenset(
    re.findall(
        r"\w+",
        "ts as_of file_id run_id source split weight feature_set_version computed_at horizon_h probability decision "
        "threshold reasons note revision superseded raw quoted wordy plain rank block place mask covers_from covers_to "
        "source_modified at bin",
    )
)
_BESIDE_ENTITY = frozenset(
    re.findall(r"\w+", "point event visit readings day expected last_ts since until left_with last_as_of recorded_at")
)
"""Columns beside the entity in the feature query, `completeness` and `presence`."""
_ALL = "all"
"""Stands for all targets in `evaluations`."""
_FAMILIES = ("readings", "visit", "facts")
"""What features of the engine's own are counted under, beside codes, targets and values."""


def names(scenario: Scenario) -> Iterator[Fault]:
    fleet, maintenance, targets = scenario.fleet, scenario.maintenance, scenario.targets
    places = {"name": scenario.name, "entity.name": scenario.entity.name, "targets.called": targets.called}
    places |= {f"targets.names[{place}]": name for place, name in enumerate(targets.names)}
    places |= {f"readings.values[{place}].name": one.name for place, one in enumerate(scenario.readings.values)}
    places |= {f"fleet.facts[{place}].name": one.name for place, one in enumerate(fleet.facts if fleet else ())}
    for number, events in enumerate(scenario.events):
        places |= {f"events[{number}].codes[{place}]": code for place, code in enumerate(events.codes)}
    tables = {"readings.name": scenario.readings.name, "targets.name": targets.name}
    tables |= {f"events[{number}].name": events.name for number, events in enumerate(scenario.events)}
    tables |= {f"{place}.name": part.name for place, part in (("fleet", fleet), ("maintenance", maintenance)) if part}
    for place, name in (places | tables).items():
        if not _NAME.fullmatch(name):
            hint = "; `spelled` says how files write it" if ".codes[" in place or ".names[" in place else ""
            yield place, f"{name!r} must be letters, digits and '_', beginning with a letter{hint}"
    yield from (
        (place, f"{name!r} is a table of the engine's own")
        for place, name in tables.items()
        if name.casefold() in _TABLES
    )
    for place, name in places.items():
        if name.casefold() in _COLUMNS and place != "name":
            yield place, f"{name!r} is a column of the engine's own"
    entity = scenario.entity.name.casefold()
    if entity in _BESIDE_ENTITY:
        yield "entity.name", f"{scenario.entity.name!r} is a column of the engine's own"
    if targets.called.casefold() == entity:
        yield "targets.called", f"{targets.called!r} is the column of the entity"
    if _ALL in targets.names:
        yield f"targets.names[{targets.names.index(_ALL)}]", f"{_ALL!r} stands for all of them together"
    if not targets.names:
        yield "targets.names", "names nothing that could be predicted"
    if not targets.column and len(targets.names) > 1:
        yield "targets.column", f"is needed to tell {', '.join(targets.names)} apart"
    if not scenario.readings.values:
        yield "readings.values", "lists no value"
    for what, values in (
        ("sources", tables.values()),
        ("targets.names", targets.names),
        ("events: codes", scenario.codes),
        ("codes, targets and values", [*scenario.codes, *targets.names, *_values(scenario), *_FAMILIES]),
        ("features", feature_set(scenario).names),
        *((f"source {source.name}: columns", (field.name for field in source.fields)) for source in scenario.sources),
    ):
        if twice := repeated(values):
            yield what, f"twice: {', '.join(twice)}"
    yield from _spelling(scenario)
    for source in scenario.sources:
        if twice := repeated(header for field in source.fields for header in dict.fromkeys(field.headers)):
            yield f"source {source.name}: headers", f"of more than one column: {', '.join(twice)}"


def _spelling(scenario: Scenario) -> Iterator[Fault]:
    parts = {f"events[{number}]": (one.codes, one.spelled) for number, one in enumerate(scenario.events)}
    parts["targets"] = (scenario.targets.names, scenario.targets.spelled)
    for place, (known, spelled) in parts.items():
        if strange := sorted(set(spelled) - set(known)):
            yield f"{place}.spelled", f"{', '.join(strange)} is none of {', '.join(known)}"
        if twice := repeated(spelled.get(name, name) for name in known):
            yield f"{place}.spelled", f"files write two of them alike: {', '.join(twice)}"


def _values(scenario: Scenario) -> list[str]:
    return [value.name for value in scenario.readings.values]


def types(scenario: Scenario) -> Iterator[Fault]:
    if scenario.entity.type not in ("int", "bigint", "string"):
        yield "entity.type", f"{scenario.entity.type!r} must be int, bigint or string"
    for place, fact in enumerate(scenario.fleet.facts if scenario.fleet else ()):
        if fact.type not in ("int", "double", "string"):
            yield f"fleet.facts[{place}].type", f"{fact.type!r} must be int, double or string"
        if fact.categories and fact.type != "string":
            yield f"fleet.facts[{place}].categories", f"are for a string, {fact.name} is of type {fact.type}"
    if not 0 <= scenario.clock.day_begins <= 24:
        yield "clock.day_begins", f"{scenario.clock.day_begins} must be an hour from 0 to 24"
    if scenario.clock.dates_at is not None and not 0 <= scenario.clock.dates_at <= 24:
        yield "clock.dates_at", f"{scenario.clock.dates_at} must be an hour from 0 to 24, or None"
    if not scenario.clock.headers:
        yield "clock.headers", "names no column"
    if not scenario.rules.is_file():
        yield "rules", f"there is no file {scenario.rules.name} beside the declaration"


def grid(scenario: Scenario) -> Iterator[Fault]:
    every, step = scenario.grid.every, scenario.readings.step
    if every <= timedelta(0) or every % timedelta(seconds=1) or _DAY % every:
        yield "grid.every", f"{every} must be whole seconds that divide a day"
    elif not timedelta(0) <= scenario.grid.offset < every:
        yield "grid.offset", f"{scenario.grid.offset} must be from 0 to below {every}"
    if step <= timedelta(0) or step % timedelta(seconds=1):
        yield "readings.step", f"{step} must be whole seconds above 0"
    elif every < step:
        yield "grid.every", f"{every} is shorter than the step of the readings, {step}"
