"""Applies the file faults that hit one daily file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from simulator.faults.catalogue import DAILY_SOURCES, FAULTS
from simulator.streams import Purpose, stream


@dataclass(frozen=True)
class FaultyFile:
    """A file as it is delivered: packed bytes, data rows before any damage to the bytes, delay, and whether it comes
    twice.
    """

    content: bytes
    rows: int
    delay_minutes: int
    again: bool
    faults: tuple[str, ...]


def hits(names: Sequence[str], seed: int, source: str, day: date, every: int) -> tuple[str, ...]:
    """The faults among `names` that hit the file of a source and day."""
    return tuple(name for name in names if FAULTS[name].hits(seed, source, day, every))


def apply(
    names: Sequence[str], seed: int, source: str, day: date, text: bytes, pack: Callable[[bytes], bytes]
) -> FaultyFile:
    """Changes the lines, packs them, damages the packed bytes; `text` ends its lines with CRLF."""
    lines = text.removesuffix(b"\r\n").split(b"\r\n")
    delay = 0
    for name in names:
        fault = FAULTS[name]
        rng = stream(seed, 0, Purpose.FAULT, 101, fault.number, DAILY_SOURCES.index(source), day.toordinal())
        if fault.lines:
            lines = fault.lines(rng, lines)
        if fault.delay_minutes:
            delay += int(rng.integers(*fault.delay_minutes))
    content = pack(b"\r\n".join(lines) + b"\r\n")
    for name in names:
        damage = FAULTS[name].content
        content = damage(content) if damage else content
    return FaultyFile(content, len(lines) - 1, delay, any(FAULTS[name].again for name in names), tuple(names))
