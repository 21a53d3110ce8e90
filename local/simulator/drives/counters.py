"""What the drives report: counters that only rise, and three values that are noisy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drives import recipe
from simulator.drives.fleet import Drive
from simulator.streams import Purpose, stream

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

_PLACE = {name: place for place, name in enumerate(recipe.COUNTERS)}


def decline_days(seed: int, drive: Drive) -> float:
    """How long before its failure a drive shows the first sign."""
    if drive.decline is None:
        return 0.0
    drawn = stream(seed, drive.id, Purpose.DECLINE).normal()
    days = drive.decline.median_days * np.exp(drive.decline.sigma * drawn)
    return float(np.clip(days, recipe.SHORTEST_DECLINE_DAYS, recipe.LONGEST_DECLINE_DAYS))


def readings_of(seed: int, drive: Drive, days: int) -> tuple[Whole, Numbers]:
    """The counters and the noisy values of each day from the drive's arrival to its end, or that of the `days`."""
    count = (days if drive.leaves is None else min(drive.leaves, days)) - drive.arrives
    rises = _usual_rises(seed, drive, count)
    values = _noisy(seed, drive, count)
    if drive.decline:
        added, gone = _declining(seed, drive, count)
        rises += added
        values[:, 0] += drive.decline.read_errors * gone
    counters = _at_arrival(seed, drive) + np.cumsum(rises, axis=0)
    return counters, np.maximum(values, 0).round(1)


def _at_arrival(seed: int, drive: Drive) -> Whole:
    draws = stream(seed, drive.id, Purpose.DRIVE, 1).random(6)
    years = drive.age_days / recipe.DAYS_PER_YEAR
    counters = np.zeros(len(recipe.COUNTERS), dtype=np.int64)
    counters[_PLACE["power_on_hours"]] = 24 * drive.age_days
    counters[_PLACE["power_cycles"]] = 3 + int(recipe.POWER_CYCLES_A_DAY * drive.age_days * 2 * draws[0])
    counters[_PLACE["load_cycles"]] = int(drive.age_days * _load_cycles(seed, drive))
    if draws[1] < recipe.SCARRED_AT_START + recipe.SCARRED_A_YEAR * years:
        scar = 1 + int(draws[2] ** 3 * recipe.LARGEST_SCAR)
        counters[_PLACE["reallocated_sectors"]] = scar
        counters[_PLACE["unstable_sectors"]] = scar // 2
    if draws[3] < years * recipe.CRC_BURSTS_A_YEAR:
        counters[_PLACE["crc_errors"]] = 1 + int(draws[4] * recipe.LARGEST_CRC_BURST)
    if draws[5] < years * recipe.TIMEOUTS_A_YEAR:
        counters[_PLACE["command_timeouts"]] = 1
    return counters


def _load_cycles(seed: int, drive: Drive) -> float:
    low, high = recipe.LOAD_CYCLES_A_DAY
    return low + (high - low) * float(stream(seed, drive.id, Purpose.DRIVE, 2).random())


def _usual_rises(seed: int, drive: Drive, count: int) -> Whole:
    """What happens to sound drives too. The draws of a day do not depend on how many days follow."""
    draws = stream(seed, drive.id, Purpose.WEAR).random((count, 6))
    year = recipe.DAYS_PER_YEAR
    rises = np.zeros((count, len(recipe.COUNTERS)), dtype=np.int64)
    rises[:, _PLACE["power_on_hours"]] = 24
    rises[0, _PLACE["power_on_hours"]] = 0
    rises[:, _PLACE["power_cycles"]] = draws[:, 0] < recipe.POWER_CYCLES_A_DAY
    rises[:, _PLACE["load_cycles"]] = np.rint(_load_cycles(seed, drive) * (0.6 + 0.8 * draws[:, 1]))
    bursts = draws[:, 2] < recipe.CRC_BURSTS_A_YEAR / year
    rises[:, _PLACE["crc_errors"]] = bursts * (1 + (draws[:, 3] * recipe.LARGEST_CRC_BURST).astype(np.int64))
    rises[:, _PLACE["command_timeouts"]] = draws[:, 4] < recipe.TIMEOUTS_A_YEAR / year
    for first in np.flatnonzero(draws[:, 5] < recipe.SCARES_A_YEAR / year).tolist():
        own = stream(seed, drive.id, Purpose.SCARE, first)
        length = int(own.integers(*recipe.SCARE_DAYS))
        lost = own.poisson(recipe.SCARE_RISE, (length, 2))[: count - first]
        lost[0] += 1
        rises[first : first + length, _PLACE["reallocated_sectors"]] += lost[:, 0]
        rises[first : first + length, _PLACE["unstable_sectors"]] += lost[:, 1]
    return rises


def _declining(seed: int, drive: Drive, count: int) -> tuple[Whole, Numbers]:
    """What a decline adds, and how far it has gone: 0 before the first sign, 1 at the failure. Its rates grow evenly in
    their logarithm. The draws count back from the failure, so that they do not depend on the last day of the data.
    """
    assert drive.decline is not None
    assert drive.leaves is not None
    back = recipe.LONGEST_DECLINE_DAYS
    wear = np.clip(1 - np.arange(back, 0, -1) / decline_days(seed, drive), 0, 1)
    rates = np.zeros((back, len(recipe.COUNTERS)))
    for name, last in drive.decline.last.items():
        first = drive.decline.first.get(name, 0.02)
        rates[:, _PLACE[name]] = np.where(wear > 0, first * (last / first) ** wear, 0)
    drawn = stream(seed, drive.id, Purpose.DECLINE, 1).poisson(rates)
    rises, gone = np.zeros((count, len(recipe.COUNTERS)), dtype=np.int64), np.zeros(count)
    for day in range(max(drive.arrives, drive.leaves - back), min(drive.leaves, drive.arrives + count)):
        rises[day - drive.arrives] = drawn[day - drive.leaves + back]
        gone[day - drive.arrives] = wear[day - drive.leaves + back]
    return rises, gone


def _noisy(seed: int, drive: Drive, count: int) -> Numbers:
    ranges = (recipe.READ_ERROR_RATE, recipe.SEEK_ERROR_RATE, recipe.TEMPERATURE)
    usual = stream(seed, drive.id, Purpose.NOISE, 0).random(3)
    noise = stream(seed, drive.id, Purpose.NOISE, 1).normal(size=(count, 3))
    values = np.empty((count, 3))
    for place, (low, high, spread) in enumerate(ranges):
        values[:, place] = low + (high - low) * usual[place] + spread * noise[:, place]
    days = drive.arrives + np.arange(count)
    values[:, 2] += recipe.SEASON_DEGREES * np.sin(2 * np.pi * days / recipe.DAYS_PER_YEAR)
    return values
