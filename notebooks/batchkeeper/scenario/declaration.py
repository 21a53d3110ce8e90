"""A scenario: what is predicted, from which sources, how far ahead. All that the engine does follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.decisions import Baseline, Horizon, Slice, Words
from batchkeeper.scenario.events import Events, Maintenance, Targets
from batchkeeper.scenario.parts import Clock, Entity, Fleet, Grid
from batchkeeper.scenario.readings import Counter, Reading, Readings
from batchkeeper.scenario.source import Field, Source

TIME = "ts"
"""The time column in the table of every source."""


# Compared by identity: a process has one, and derived values are kept beside it.
@dataclass(frozen=True, eq=False)
class Scenario:
    """A declaration.

    Attributes:
        name: name of the package, and of the registered model.
        feature_set_version: to be changed when what a feature means changes and its name does not.
        rules: the file with the data-quality rules.
        fleet: None: an entity is there from its first reading on.
        rule: what a model must beat.
        baselines: other predictors, whose metrics stand beside the model's.
    """

    name: str
    entity: Entity
    readings: Readings
    targets: Targets
    horizons: tuple[Horizon, ...]
    grid: Grid
    rule: Baseline
    rules: Path
    clock: Clock = field(default_factory=Clock)
    fleet: Fleet | None = None
    events: tuple[Events, ...] = ()
    maintenance: Maintenance | None = None
    baselines: tuple[Baseline, ...] = ()
    slices: tuple[Slice, ...] = ()
    words: Words = field(default_factory=Words)
    feature_set_version: str = "1"

    @property
    def coverage(self) -> CoverageRule:
        """Which span of time the name of a drop stands for."""
        return CoverageRule(self.clock.day_begins)

    @property
    def hours(self) -> tuple[int, ...]:
        """The horizons, shortest first."""
        return tuple(horizon.hours for horizon in self.horizons)

    @property
    def heads(self) -> tuple[tuple[str, int], ...]:
        """What a model answers: each target at each horizon."""
        return tuple((target, hours) for target in self.targets.names for hours in self.hours)

    @property
    def smooth(self) -> tuple[Reading, ...]:
        """The values that go up and down."""
        return tuple(value for value in self.readings.values if isinstance(value, Reading))

    @property
    def counters(self) -> tuple[Counter, ...]:
        """The values that only rise."""
        return tuple(value for value in self.readings.values if isinstance(value, Counter))

    @property
    def codes(self) -> tuple[str, ...]:
        """The event codes of all sources."""
        return tuple(code for events in self.events for code in events.codes)

    def spelled(self, name: str) -> str:
        """A code or target as files write it. No code is called like a target."""
        parts: tuple[Events | Targets, ...] = (*self.events, self.targets)
        for part in parts:
            if name in part.spelled:
                return part.spelled[name]
        return name

    @property
    def key(self) -> tuple[str, str]:
        """What names an as-of point: entity and time."""
        return (self.entity.name, "as_of")

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The kinds of drops in the order of ingestion: the fleet, which others are checked against, comes first."""
        entity = Field(
            self.entity.name, self.entity.type, self.entity.headers or (self.entity.name,), self.entity.comment
        )
        at = Field(TIME, "timestamp", self.clock.headers, "UTC", dates_at=self.clock.dates_at)

        def coded(part: Events | Maintenance | Targets) -> Source:
            column = part.column
            code = (Field(column, "string", part.headers or (column,)),) if column else ()
            key = (entity.name, TIME, *([column] if column else []))
            # Labels are made of the targets, so these are always waited for.
            required = isinstance(part, Targets) or part.required
            return Source(part.name, (entity, at, *code), key=key, required=required, comment=part.comment)

        found = []
        if self.fleet:
            facts = (
                Field(fact.name, fact.type, fact.headers or (fact.name,), fact.comment) for fact in self.fleet.facts
            )
            found.append(
                Source(self.fleet.name, (entity, *facts), key=(entity.name,), time=None, comment=self.fleet.comment)
            )
        values = (
            Field(one.name, "double", one.headers or (one.name,), one.comment, one.optional)
            for one in self.readings.values
        )
        found.append(
            Source(
                self.readings.name,
                (entity, at, *values),
                key=(entity.name, TIME),
                step=self.readings.step,
                comment=self.readings.comment,
            )
        )
        found += map(coded, self.events)
        found += map(coded, [self.maintenance] if self.maintenance else [])
        return (*found, coded(self.targets))

    @property
    def near_hours(self) -> int:
        """The longest horizon with alerts that somebody acts on."""
        return max(horizon.hours for horizon in self.horizons if horizon.acted_on)

    def horizon(self, hours: int) -> Horizon:
        """The horizon of so many hours."""
        return next(horizon for horizon in self.horizons if horizon.hours == hours)
