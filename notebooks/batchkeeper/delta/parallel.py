"""Independent pieces of work side by side: a small Spark job keeps one core busy for a moment, its planning and commit
none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

_THREADS = 5


def side_by_side(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Runs the actions in threads and returns their results in order; an error is raised once all have ended."""
    if len(actions) < 2:
        return [action() for action in actions]
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = [pool.submit(action) for action in actions]
    return [future.result() for future in futures]


def concurrently(first: Callable[[], T], second: Callable[[], S]) -> tuple[T, S]:
    """Runs `second` in a thread beside `first` and returns both results; an error is raised once both have ended."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(second)
        result = first()
    return result, future.result()
