"""Random streams that depend on what is drawn, never on who draws it or in which order."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for; the numbers are part of the output's definition and never change."""

    MACHINE = 1
    VISITS = 2
    BACKGROUND_ERRORS = 3
    NOISE = 4
    SHIFT = 5
    DECOYS = 6
    ARTEFACTS = 7
    FAULT = 8
    SLOT = 9
    DRIVE = 10
    SERIAL = 11
    WEAR = 12
    SCARE = 13
    DECLINE = 14
    DELIVERY = 15


def stream(seed: int, machine: int, purpose: Purpose, *parts: int) -> np.random.Generator:
    """The one stream of (seed, machine, purpose, parts): equal arguments give equal draws on every machine and in every
    process.
    """
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([seed, machine, int(purpose), *parts])))
