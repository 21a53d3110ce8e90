"""One machine's hourly readings: normal draws plus the steps of its failures and decoys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory, poisson_hours
from simulator.streams import Purpose, stream

Readings = NDArray[np.float64]

# Noise is drawn in blocks of the calendar, so any hour can be made again without the hours before it.
_BLOCK_HOURS = 768
_DECIMALS = 12  # as the original; at most 15 significant digits, which readers parse exactly and fast
_MEANS = np.array([sensor.mean for sensor in recipe.SENSORS])
_SDS = np.array([sensor.sd for sensor in recipe.SENSORS])


@dataclass(frozen=True)
class Step:
    """A shift of one sensor over the hours `first` .. `last`; `code` is the component whose step it is or resembles."""

    code: int
    first: int
    last: int
    shift: float
    decoy: bool


def _draw_shift(rng: np.random.Generator, code: int) -> float:
    component = recipe.COMPONENTS[code - 1]
    return float(rng.normal(component.shift, component.shift_sd))


def failure_steps(seed: int, history: MachineHistory) -> list[Step]:
    """One step before each failure; its size depends on seed, machine, component and hour alone."""
    machine = history.machine.id
    return [
        Step(
            code,
            hour - recipe.STEP_HOURS,
            hour,
            _draw_shift(stream(seed, machine, Purpose.SHIFT, code, hour), code),
            decoy=False,
        )
        for hour, code in zip(history.failures.hours.tolist(), history.failures.codes.tolist(), strict=True)
    ]


def decoy_steps(seed: int, machine: int, start: int, until: int) -> list[Step]:
    """Steps that nothing follows, at any hour from `start`; a later `until` only adds some."""
    steps = []
    for code in range(1, len(recipe.COMPONENTS) + 1):
        hours = poisson_hours(
            stream(seed, machine, Purpose.DECOYS, code, 0), recipe.DECOYS_PER_SENSOR_YEAR, start, until
        )
        sizes = stream(seed, machine, Purpose.DECOYS, code, 1)
        steps += [Step(code, hour, hour + recipe.STEP_HOURS, _draw_shift(sizes, code), decoy=True) for hour in hours]
    return steps


def normal_readings(seed: int, machine: int, first: int, last: int) -> Readings:
    """Undisturbed readings of the hours `first` .. `last`; shape (hours, 4)."""
    blocks = range(first // _BLOCK_HOURS, last // _BLOCK_HOURS + 1)
    drawn = np.concatenate(
        [stream(seed, machine, Purpose.NOISE, block).standard_normal((_BLOCK_HOURS, len(_MEANS))) for block in blocks]
    )
    offset = first - blocks[0] * _BLOCK_HOURS
    readings: Readings = drawn[offset : offset + last - first + 1] * _SDS + _MEANS
    return readings


def add_steps(readings: Readings, first: int, steps: list[Step]) -> None:
    """Adds each step to its sensor, in place; hours outside the readings fall away, overlapping steps add up."""
    for step in steps:
        sensor = recipe.COMPONENTS[step.code - 1].sensor
        begin, end = max(step.first - first, 0), step.last - first + 1
        if end > begin:
            readings[begin:end, sensor] += step.shift


def rounded(readings: Readings) -> Readings:
    """The readings as they are written."""
    return np.round(readings, _DECIMALS)
