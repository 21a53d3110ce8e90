"""The feature set that follows from a declaration: which features exist, what each looks back on, and how far late data
can reach into it.

One definition serves training and scoring. A feature is known by its name; the version changes with any change of a
definition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from batchkeeper.scenario.declaration import Scenario

UNBOUNDED = None
NEXT_VISIT, VISIT_UNKNOWN = "hours_to_next_visit", "visit_unknown"
READINGS, VISIT, FACTS = "readings", "visit", "facts"
"""Families that are named after no reading, code or target."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: column of the features table and input column of the model.
        type: Spark SQL type of the column.
        source: table whose rows it reads.
        window_hours: how far back it looks; None when it looks back without end.
        fill: what the model is given for null, which every family also says in a column of its own.
        family: features that say the same thing of one cause; reasons are given per family.
        only_rises: whether it has another distribution in every month, which is no drift.
    """

    name: str
    type: str
    source: str
    window_hours: int | None
    fill: float
    family: str
    only_rises: bool = False


@dataclass(frozen=True)
class FeatureSet:
    """The features of a scenario, in the order of their columns."""

    version: str
    features: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def sources(self) -> tuple[str, ...]:
        """The tables that features read."""
        return tuple(dict.fromkeys(feature.source for feature in self.features))

    def named(self, name: str) -> Feature:
        """The feature of that name."""
        return next(feature for feature in self.features if feature.name == name)

    def reach_hours(self, source: str) -> int | None:
        """The furthest that a row of `source` reaches into later as-of times, which lie in [t, t + reach); None:
        without end.
        """
        windows = [feature.window_hours for feature in self.features if feature.source == source]
        if not windows:
            raise ValueError(f"no feature reads the source {source!r}")
        bounded = [hours for hours in windows if hours is not None]
        return max(bounded) if len(bounded) == len(windows) else None

    @property
    def longest_window_hours(self) -> int:
        """The longest bounded window of any feature, which the gap between two splits must cover."""
        return max(feature.window_hours for feature in self.features if feature.window_hours is not None)

    @property
    def schema_hash(self) -> str:
        """A hash of version, names and types in order; stored with a model and compared before each scoring."""
        described = [self.version, *([feature.name, feature.type] for feature in self.features)]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]


@cache
def feature_set(scenario: Scenario) -> FeatureSet:
    """The features of a scenario."""
    found = (*_readings(scenario), *_events(scenario), *_maintenance(scenario), *_facts(scenario))
    return FeatureSet(scenario.feature_set_version, found)


def _readings(scenario: Scenario) -> Iterator[Feature]:
    readings, windows, longest = scenario.readings, scenario.readings.windows, scenario.readings.normal.hours
    source = readings.name

    def one(name: str, hours: int, family: str, fill: float = -1, kind: str = "float") -> Feature:
        return Feature(name, kind, source, hours, fill, family)

    for value in scenario.smooth:
        yield from (one(f"{value.name}_mean_{hours}h", hours, value.name) for hours in windows.mean)
        yield from (one(f"{value.name}_sd_{hours}h", hours, value.name) for hours in windows.spread)
        yield from (one(f"{value.name}_deviation_{hours}h", longest, value.name, 0) for hours in windows.deviation)
        yield from (one(f"{value.name}_normal_{what}", longest, value.name) for what in ("mean", "sd"))
    for counter in scenario.counters:
        yield Feature(f"{counter.name}_level", "double", source, longest, -1, counter.name, only_rises=True)
        yield from (one(f"{counter.name}_rise_{hours}h", longest, counter.name, 0, "double") for hours in counter.rise)
    yield from (one(f"readings_{hours}h", hours, READINGS, 0, "int") for hours in windows.mean)
    yield one("readings_normal", longest, READINGS, 0, "int")


def _events(scenario: Scenario) -> Iterator[Feature]:
    for events in scenario.events:
        for code in events.codes:
            for hours in events.count:
                yield Feature(f"{code}_count_{hours}h", "int", events.name, hours, 0, code)
            yield Feature(f"{code}_hours_since", "float", events.name, events.since, events.since, code)


def _maintenance(scenario: Scenario) -> Iterator[Feature]:
    if not scenario.maintenance:
        return
    source = scenario.maintenance.name
    for target in scenario.targets.names:
        yield Feature(f"{target}_age_hours", "float", source, UNBOUNDED, -1, f"{target}_age")
        yield Feature(f"{target}_never_replaced", "int", source, UNBOUNDED, 1, f"{target}_age")
    if scenario.maintenance.visit_every:
        # Legitimate, since the calendar is known, yet a simulator may flatter it: training has a switch to leave them
        # out.
        yield Feature(NEXT_VISIT, "float", source, UNBOUNDED, -1, VISIT)
        yield Feature(VISIT_UNKNOWN, "int", source, UNBOUNDED, 1, VISIT)


def _facts(scenario: Scenario) -> Iterator[Feature]:
    if not scenario.fleet:
        return
    for fact in scenario.fleet.facts:
        fill = 0 if fact.type == "string" else -1
        yield Feature(fact.feature or fact.name, fact.type, scenario.fleet.name, UNBOUNDED, fill, FACTS)
