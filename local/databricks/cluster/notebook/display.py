"""`display` and `displayHTML` for a notebook whose output is a log."""

from __future__ import annotations

import re
from typing import Any

ROWS = 20


def display(value: Any = None, *_: Any, **__: Any) -> None:
    """Prints the first rows of a Spark frame, or the value itself."""
    if hasattr(value, "show") and hasattr(value, "schema"):
        value.show(ROWS, truncate=False)
    elif value is not None:
        print(value)


def display_html(html: str) -> None:
    """Prints the text of an HTML fragment, without its tags."""
    print(re.sub(r"<[^>]*>", "", html).strip())
