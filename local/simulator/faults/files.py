"""Faults of one daily file: of its lines (without their CRLF, the first is the header), or of its bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Lines = list[bytes]
LineFault = Callable[[np.random.Generator, Lines], Lines]
ByteFault = Callable[[bytes], bytes]

_BAD_VALUES = (b"", b"NaN", b"inf", b"-1", b"0", b'"12,5"', b"n/a", b"1e9")


def _reorder(lines: Lines, order: list[int]) -> Lines:
    return [b",".join(np.array(line.split(b","), dtype=object)[order]) for line in lines]


def missing_column(_rng: np.random.Generator, lines: Lines) -> Lines:
    """The last column is not there."""
    return [line.rpartition(b",")[0] for line in lines]


def permuted_columns(rng: np.random.Generator, lines: Lines) -> Lines:
    """Header and values in another order of columns."""
    columns = lines[0].count(b",") + 1
    order = [int(index) for index in rng.permutation(columns)]
    return _reorder(lines, order if order != sorted(order) else order[::-1])


def extra_column(_rng: np.random.Generator, lines: Lines) -> Lines:
    """One column more, with quoted commas in it."""
    return [lines[0] + b',"note"', *(line + b',"checked, ok"' for line in lines[1:])]


def duplicate_rows(rng: np.random.Generator, lines: Lines) -> Lines:
    """One row in a hundred twice, at least one."""
    return lines + _sample(rng, lines, 0.01)


def shuffled_rows(rng: np.random.Generator, lines: Lines) -> Lines:
    """The rows in no order."""
    return [lines[0], *(lines[1 + int(index)] for index in rng.permutation(len(lines) - 1))]


def bad_values(rng: np.random.Generator, lines: Lines) -> Lines:
    """One row in two hundred, at least one, has a value that is missing, no number, or far out of range."""
    changed = list(lines)
    for row in _pick(rng, len(lines) - 1, 0.005):
        fields = changed[1 + row].split(b",")
        fields[-1] = _BAD_VALUES[int(rng.integers(len(_BAD_VALUES)))]
        changed[1 + row] = b",".join(fields)
    return changed


def truncate(content: bytes) -> bytes:
    """The upload broke off: the last 40 % of the bytes are missing."""
    return content[: len(content) * 6 // 10]


def empty(_content: bytes) -> bytes:
    """A file of no bytes, not even a header."""
    return b""


def _pick(rng: np.random.Generator, count: int, share: float) -> list[int]:
    chosen = (
        rng.choice(count, size=min(count, max(1, int(count * share))), replace=False)
        if count
        else np.array([], dtype=np.int64)
    )
    return [int(index) for index in chosen]


def _sample(rng: np.random.Generator, lines: Lines, share: float) -> Lines:
    return [lines[1 + row] for row in _pick(rng, len(lines) - 1, share)]
