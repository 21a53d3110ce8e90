"""The parts of a declaration about what happens: coded events, replacements, and the events that are predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class Events:
    """A source of coded events.

    Attributes:
        name: source and table.
        column: the column that holds the code.
        codes: the codes that features tell apart; each begins the names of its features.
        spelled: how files write a code that cannot be part of a name, such as {"overheat": "E-47"}.
        count: hours back that each code is counted over; multiples of the grid's step.
        since: hours after which an event is forgotten.
        required: whether as-of points wait for this source. One that is not may stay away; its rows count when they
            come.
    """

    name: str
    column: str
    codes: tuple[str, ...]
    count: tuple[int, ...]
    since: int = 720
    headers: tuple[str, ...] = ()
    comment: str = "Events"
    spelled: Mapping[str, str] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True)
class Maintenance:
    """The source of replacements, which start the age of a target's part anew.

    Attributes:
        column: the column that names the target whose part was replaced, as the source of targets spells it.
        visit_every: period of a maintenance calendar, each entity on its own phase; None: there is none.
        required: as of events.
    """

    name: str
    column: str
    visit_every: timedelta | None = None
    headers: tuple[str, ...] = ()
    comment: str = "Replacements, planned and after failures"
    required: bool = True


@dataclass(frozen=True)
class Targets:
    """What is predicted: the events of this source.

    Attributes:
        names: the targets.
        spelled: how files write a target that cannot be part of a name, such as {"seal": "shaft seal"}.
        column: the column that names the target; None: each row is an event of the only one.
        called: the column of the target in the tables that the engine makes.
    """

    name: str
    names: tuple[str, ...]
    column: str | None = None
    called: str = "target"
    headers: tuple[str, ...] = ()
    comment: str = "Failures"
    spelled: Mapping[str, str] = field(default_factory=dict)
