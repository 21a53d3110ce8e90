"""Faults of one machine's readings. Each depends on seed, machine and hour alone, so any window can be made again by
itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory, poisson_hours
from simulator.machines.telemetry import Readings, failure_steps, normal_readings
from simulator.streams import Purpose, stream

RAMP_HOURS = 240
_UNIT_FACTORS = (1000.0, 1 / 60, 0.145038, 1 / 25.4)  # mV, turns a second, psi instead of kPa, inches


@dataclass
class Window:
    """Readings that a fault may change in place; a row whose `present` is false is not written."""

    seed: int
    history: MachineHistory
    start: int
    first: int
    readings: Readings
    present: NDArray[np.bool_]

    @property
    def last(self) -> int:
        """The last hour of the readings."""
        return self.first + len(self.readings) - 1

    def rows(self, first: int, last: int) -> slice:
        """The rows of the hours `first` .. `last` that lie in the window."""
        return slice(max(first - self.first, 0), max(last - self.first + 1, 0))

    def rng(self, number: int) -> np.random.Generator:
        """The stream of one fault of this machine."""
        return stream(self.seed, self.history.machine.id, Purpose.FAULT, number)


SignalFault = Callable[[Window], None]


def ramp(window: Window) -> None:
    """Three of ten failures announce themselves: a slow rise over eight days up to 0.8 of the step."""
    for step in failure_steps(window.seed, window.history):
        draw = stream(window.seed, window.history.machine.id, Purpose.FAULT, 1, step.code, step.last).random()
        begin = step.last - RAMP_HOURS
        rows = window.rows(begin, step.first - 1)
        if draw >= 0.3 or rows.start >= rows.stop:
            continue
        hours = np.arange(len(window.readings))[rows] + window.first - begin
        growth = (hours / (RAMP_HOURS - recipe.STEP_HOURS)) ** 2
        window.readings[rows, recipe.COMPONENTS[step.code - 1].sensor] += 0.8 * step.shift * growth


def drift(window: Window) -> None:
    """One machine in twenty has a sensor that drifts from some day on by half a standard deviation a month."""
    rng = window.rng(2)
    affected, sensor, begin = rng.random() < 0.05, int(rng.integers(4)), window.start + 24 * int(rng.integers(20, 200))
    if affected:
        months = np.maximum(np.arange(window.first, window.last + 1) - begin, 0) / 720
        window.readings[:, sensor] += 0.5 * recipe.SENSORS[sensor].sd * months


def unit_change(window: Window) -> None:
    """One machine in thirty reports one sensor in another unit from some day on."""
    rng = window.rng(3)
    affected, sensor, begin = (
        rng.random() < 1 / 30,
        int(rng.integers(4)),
        window.start + 24 * int(rng.integers(20, 300)),
    )
    if affected:
        window.readings[window.rows(begin, window.last), sensor] *= _UNIT_FACTORS[sensor]


def stuck(window: Window) -> None:
    """Twice a machine-year a sensor repeats one value for 4 to 36 hours."""
    rng = window.rng(4)
    for begin in poisson_hours(rng, 2.0, window.start, window.last):
        choice = stream(window.seed, window.history.machine.id, Purpose.FAULT, 5, begin)
        sensor, length = int(choice.integers(4)), int(choice.integers(4, 37))
        value = normal_readings(window.seed, window.history.machine.id, begin, begin)[0, sensor]
        window.readings[window.rows(begin, begin + length - 1), sensor] = value


def missing_hours(window: Window) -> None:
    """Six times a machine-year 1 to 12 hours are missing."""
    for begin in poisson_hours(window.rng(6), 6.0, window.start, window.last):
        length = int(stream(window.seed, window.history.machine.id, Purpose.FAULT, 7, begin).integers(1, 13))
        window.present[window.rows(begin, begin + length - 1)] = False
