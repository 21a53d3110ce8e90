"""Machines and their events: what the simulator invents, in one shape with what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.days import closing_hour
from simulator.machines import recipe
from simulator.streams import Purpose, stream

Hours = NDArray[np.int64]
Codes = NDArray[np.int8]


class Events(NamedTuple):
    """Events of one machine in time order: hours since 1970 and codes (1 = comp1 or error1, and so on)."""

    hours: Hours
    codes: Codes

    @classmethod
    def of(cls, pairs: list[tuple[int, int]]) -> Events:
        """Sorted and without duplicates."""
        ordered = sorted(set(pairs))
        return cls(
            np.array([hour for hour, _ in ordered], dtype=np.int64),
            np.array([code for _, code in ordered], dtype=np.int8),
        )

    def between(self, first: int | None, last: int) -> Events:
        """The events of hours `first` .. `last`; without `first`, all up to `last`."""
        kept = self.hours <= last
        if first is not None:
            kept &= self.hours >= first
        return Events(self.hours[kept], self.codes[kept])


@dataclass(frozen=True)
class Machine:
    """A machine's unchanging facts; `age` in years."""

    id: int
    model: str
    age: int


@dataclass(frozen=True)
class MachineHistory:
    """A machine with all of its events, those after the span included as far as their steps begin inside it."""

    machine: Machine
    maint: Events
    failures: Events
    errors: Events


def draw_machine(seed: int, machine_id: int) -> Machine:
    """Draws a machine; independent of how many others there are."""
    rng = stream(seed, machine_id, Purpose.MACHINE)
    shares = np.cumsum(recipe.MODEL_SHARES)
    model = recipe.MODELS[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
    return Machine(machine_id, model, int(rng.integers(0, recipe.MAX_MACHINE_AGE_YEARS + 1)))


def _initial_hours(rng: np.random.Generator, start: date) -> list[int]:
    ages = rng.choice(np.array(recipe.INITIAL_AGES_DAYS), size=len(recipe.COMPONENTS))
    return [closing_hour(start) - 24 * int(age) for age in ages]


def _walk_visits(
    rng: np.random.Generator, machine: Machine, start: date, until: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Every 15 days at 06:00 some components are replaced; an eligible one of sufficient age is replaced because it
    failed.

    The hazards are conditional on the visit, so a failure is a replacement that was not planned.
    """
    replaced_at = _initial_hours(rng, start)
    maint = [(hour, code) for code, hour in enumerate(replaced_at, start=1)]
    failures: list[tuple[int, int]] = []
    first = closing_hour(start) + 24 * int(rng.integers(0, recipe.VISIT_EVERY_DAYS))
    none, one, _ = np.cumsum(recipe.REPLACED_AT_VISIT)
    for hour in range(first, until + 1, 24 * recipe.VISIT_EVERY_DAYS):
        # Nine draws at every visit, used or not: what comes later never depends on what happened before.
        draws = rng.random(9)
        count = 0 if draws[0] < none else 1 if draws[0] < one else 2
        for index in np.argsort(draws[1:5])[:count]:
            component = recipe.COMPONENTS[index]
            old_enough = hour - replaced_at[index] >= 24 * component.min_age_days
            # The original has no failure at its very first reading: neither error nor step could be seen.
            may_fail = old_enough and hour > closing_hour(start) and component.eligible(machine.model, machine.age)
            if may_fail and draws[5 + index] < component.hazard / recipe.REPLACEMENT_PROBABILITY:
                failures.append((hour, int(index) + 1))
            maint.append((hour, int(index) + 1))
            replaced_at[index] = hour
    return maint, failures


def _artefacts(seed: int, machine: Machine, start: date) -> list[tuple[int, int]]:
    """Failures in the first night, as in the original files: off the grid and without a maintenance record; never three
    at once.
    """
    draws = stream(seed, machine.id, Purpose.ARTEFACTS).random(len(recipe.COMPONENTS))
    failed = [
        (closing_hour(start) + recipe.ARTEFACT_HOURS, code)
        for code, (component, draw) in enumerate(zip(recipe.COMPONENTS, draws, strict=True), start=1)
        if component.eligible(machine.model, machine.age) and draw < component.artefact_probability
    ]
    return failed[:2]


def poisson_hours(rng: np.random.Generator, per_year: float, start: int, until: int) -> list[int]:
    """Hours of a Poisson process from `start`; a later `until` only adds to the list."""
    hours: list[int] = []
    time = float(start)
    while True:
        time += rng.exponential(recipe.HOURS_PER_YEAR / per_year)
        if time >= until + 1:
            return hours
        hours.append(int(time))


def _background_errors(seed: int, machine: Machine, start: date, until: int) -> list[tuple[int, int]]:
    hours = poisson_hours(
        stream(seed, machine.id, Purpose.BACKGROUND_ERRORS, 0),
        recipe.BACKGROUND_ERRORS_PER_YEAR,
        closing_hour(start),
        until,
    )
    shares = np.cumsum(recipe.BACKGROUND_ERROR_SHARES)
    draws = stream(seed, machine.id, Purpose.BACKGROUND_ERRORS, 1).random(len(hours)) * shares[-1]
    return [
        (hour, int(code) + 1) for hour, code in zip(hours, np.searchsorted(shares, draws, side="right"), strict=True)
    ]


def simulate_history(
    seed: int, machine: Machine, start: date, until: int, *, artefacts: bool = False
) -> MachineHistory:
    """All events of an invented machine from `start` up to the hour `until`; a later `until` only adds events."""
    maint, failures = _walk_visits(stream(seed, machine.id, Purpose.VISITS), machine, start, until)
    if artefacts:
        failures += _artefacts(seed, machine, start)
    announced = [
        (hour - recipe.ERROR_LEAD_HOURS, error)
        for hour, code in failures
        for error in recipe.COMPONENTS[code - 1].errors
        if hour - recipe.ERROR_LEAD_HOURS >= closing_hour(start)
    ]
    errors = announced + _background_errors(seed, machine, start, until)
    return MachineHistory(machine, Events.of(maint), Events.of(failures), Events.of(errors))
