"""What a scenario declares, and what follows from it without any data. `from batchkeeper.scenario import ...` is all
that a declaration needs.
"""

from batchkeeper.scenario.decisions import Baseline, Horizon, Slice, Words
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.events import Events, Maintenance, Targets
from batchkeeper.scenario.parts import Clock, Entity, Fact, Fleet, Grid
from batchkeeper.scenario.readings import Counter, Normal, Reading, Readings, Windows

__all__ = [
    "Baseline",
    "Clock",
    "Counter",
    "Entity",
    "Events",
    "Fact",
    "Fleet",
    "Grid",
    "Horizon",
    "Maintenance",
    "Normal",
    "Reading",
    "Readings",
    "Scenario",
    "Slice",
    "Targets",
    "Windows",
    "Words",
]
