"""The parts of a declaration about what predictions are for: horizons and costs, baselines, slices, words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Horizon:
    """Hours ahead that are predicted, and what decisions cost there, in any one unit.

    Attributes:
        missed: cost of a failure that was not announced.
        needless: cost of acting without need.
        acted_on: whether somebody acts on its alerts; others give risks, which calibration judges.
    """

    hours: int
    missed: float
    needless: float
    acted_on: bool = True


@dataclass(frozen=True)
class Baseline:
    """A predictor without a model.

    Attributes:
        of: for each target a condition or a probability, in SQL over the features; `{horizon}` stands for the hours
            ahead.
    """

    name: str
    of: Mapping[str, str]


@dataclass(frozen=True)
class Slice:
    """A part of the fleet that the gate looks at by itself: each value of a feature, or each band (name, from, to) of a
    number.
    """

    feature: str
    bands: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Words:
    """Sentences for the causes of a high probability. Words in braces are filled in; an empty sentence is never said.

    Attributes:
        reading: of name, hours, size, unit, side (above, below), deviations and entity.
        counter: of a counter that rose: name, rise, hours, level and unit.
        level: of one that did not: name, level and unit.
        event: of code and hours.
        replaced: of target and days.
        never_replaced: of target.
        visit: of hours.
        readings: of count, expected and hours.
        facts: of the facts, by name.
    """

    reading: str = "{name} {hours} h mean {size} {unit} {side} the {entity}'s normal ({deviations} sd)"
    counter: str = "{name} rose by {rise} {unit} in {hours} h"
    level: str = "{name} is at {level} {unit}"
    event: str = "{code} seen {hours} h ago"
    replaced: str = "{target} replaced {days} days ago"
    never_replaced: str = "{target} never replaced"
    visit: str = "maintenance visit due in {hours} h"
    readings: str = "{count} of {expected} readings in the last {hours} h"
    facts: str = ""
