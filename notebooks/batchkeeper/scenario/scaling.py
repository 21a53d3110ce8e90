"""How readings become whole numbers, whose sums are exact in any order."""

from __future__ import annotations

from datetime import timedelta

from batchkeeper.scenario.readings import Reading

COUNT_BITS = 20
"""A packed total keeps so many bits for the number of readings, see batchkeeper.features.packed_total."""

_LARGEST = 2**63 - 1
_YEARS = timedelta(days=3653)
_DECIMALS = range(9, -1, -1)


class NoScaleError(ValueError):
    """Raised when ten years of a reading's squares do not fit into 64 bits even without decimals."""


def scale_of(reading: Reading, step: timedelta) -> int:
    """What a reading is multiplied by before it is rounded: as many decimals, up to nine, as ten years of squared
    readings leave room for in 64 bits.

    Raises:
        NoScaleError: not even whole numbers do.
    """
    readings = min(_YEARS // step, 2**COUNT_BITS - 1)
    for decimals in _DECIMALS:
        largest = int(reading.largest * 10**decimals)
        if largest**2 * readings <= _LARGEST and largest * readings <= _LARGEST >> COUNT_BITS:
            return int(10**decimals)
    raise NoScaleError(f"{reading.largest} is too large: the sum of ten years of squares does not fit into 64 bits")
