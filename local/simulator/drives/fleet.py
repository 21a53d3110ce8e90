"""Who is there: slots that hold one drive after the other. Days are counted from the first day of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.drives import recipe
from simulator.streams import Purpose, stream

_DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_SECONDS = 86_400


@dataclass(frozen=True)
class Drive:
    """A drive in a slot.

    Attributes:
        arrives: the first day with a reading.
        leaves: the day on which it fails or is taken out, the first without a reading; None: after the last day.
        age_days: on the day it arrives.
        failed_at: second of the day `leaves` at which it fails; None: it does not.
        decline: how it fails, when it does.
    """

    slot: int
    number: int
    serial: str
    model: recipe.Model
    arrives: int
    leaves: int | None
    age_days: int
    failed_at: int | None
    decline: recipe.Decline | None

    @property
    def pod(self) -> int:
        """The pod that it reports with."""
        return self.slot // recipe.POD_SLOTS

    @property
    def id(self) -> int:
        """A number of its own, which its random streams depend on."""
        return self.slot * 1000 + self.number

    def there_at_end_of(self, day: int) -> bool:
        """Whether a snapshot at the end of the day lists it."""
        return self.arrives <= day and (self.leaves is None or day < self.leaves)


def serial_number(seed: int, slot: int, number: int) -> str:
    """Twelve signs; no two drives of a fleet share one, since they hold slot and number."""
    own = slot * 1000 + number
    signs = [_DIGITS[own // len(_DIGITS) ** place % len(_DIGITS)] for place in range(6)]
    drawn = stream(seed, own, Purpose.SERIAL).integers(0, len(_DIGITS), 5)
    return f"{''.join(_DIGITS[digit] for digit in drawn)}-{''.join(reversed(signs))}"


def _model(draw: float) -> recipe.Model:
    shares = np.cumsum([model.share for model in recipe.MODELS])
    return recipe.MODELS[int(np.searchsorted(shares, draw * shares[-1], side="right"))]


def failure_rates(model: recipe.Model, ages: NDArray[np.int64], hazard: float) -> NDArray[np.float64]:
    """The rate of each age in days; `hazard` multiplies it."""
    by_age = np.where(ages < recipe.INFANT_DAYS, recipe.INFANT, recipe.STEADY)
    by_age = np.where(ages >= recipe.WORN_DAYS, recipe.WORN, by_age)
    rates: NDArray[np.float64] = recipe.FAILURE_RATE * hazard * model.hazard * by_age
    return rates


def _decline(draw: float) -> recipe.Decline:
    shares = np.cumsum([decline.share for decline in recipe.DECLINES])
    return recipe.DECLINES[int(np.searchsorted(shares, draw * shares[-1], side="right"))]


def drives_of_slot(seed: int, slot: int, days: int, hazard: float = 1.0) -> Iterator[Drive]:
    """The drives of a slot in `days` days, one after the other. A longer time only adds to them, and other slots are
    nothing to them.
    """
    beginning = stream(seed, slot, Purpose.SLOT, 0).random(3)
    # Two draws a day, used or not: what comes later never depends on what happened before.
    chances = stream(seed, slot, Purpose.SLOT, 1).random((days, 2))
    if beginning[0] < recipe.FILLED_AT_START:
        arrives, age = 0, int(beginning[1] * recipe.OLDEST_AT_START_DAYS)
    else:
        arrives, age = 1 + int(beginning[2] * recipe.FILLING_DAYS), 0
    number = 0
    while arrives < days:
        own = stream(seed, slot * 1000 + number, Purpose.DRIVE).random(4)
        model = _model(own[0])
        # On its first day a drive only arrives.
        ahead = chances[arrives + 1 :]
        ages = age + 1 + np.arange(len(ahead))
        failing = ahead[:, 0] < failure_rates(model, ages, hazard)
        ends = np.flatnonzero(failing | (ahead[:, 1] < recipe.RETIREMENT_RATE))
        leaves = arrives + 1 + int(ends[0]) if len(ends) else None
        failed = leaves is not None and bool(failing[ends[0]])
        yield Drive(
            slot,
            number,
            serial_number(seed, slot, number),
            model,
            arrives,
            leaves,
            age,
            60 + int(own[1] * (_SECONDS - 120)) if failed else None,
            _decline(own[2]) if failed else None,
        )
        if leaves is None:
            return
        shortest, longest = recipe.REFILLED_AFTER_DAYS
        arrives, age, number = leaves + shortest + int(own[3] * (longest - shortest + 1)), 0, number + 1
