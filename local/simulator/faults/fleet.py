"""Faults of the fleet as a whole."""

from __future__ import annotations

from dataclasses import replace

from simulator.machines.fleet import Machine
from simulator.streams import Purpose, stream

NEW_MODEL = "model5"


def rename_models(seed: int, machines: list[Machine]) -> list[Machine]:
    """One machine in ten is of a model that the original data do not have."""
    return [
        replace(machine, model=NEW_MODEL) if stream(seed, machine.id, Purpose.FAULT, 8).random() < 0.1 else machine
        for machine in machines
    ]
