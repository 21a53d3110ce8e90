"""Repeats what Delta refused because another writer came in between."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_CONFLICT = re.compile(
    r"DELTA_CONCURRENT|Concurrent\w*Exception|DELTA_PROTOCOL_CHANGED|ProtocolChangedException|DELTA_METADATA_CHANGED|MetadataChangedException"
)
_ATTEMPTS = 6


def retrying(action: Callable[[], T], attempts: int = _ATTEMPTS, pause: Callable[[float], None] = time.sleep) -> T:
    """Runs `action` again, with growing jittered pauses, while Delta reports that another writer came in between."""
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except Exception as error:
            if attempt == attempts or not _CONFLICT.search(f"{type(error).__name__}: {error}"):
                raise
            pause(random.uniform(0.5, 1.0) * 2 ** (attempt - 1))
    raise AssertionError("unreachable")
