"""Blanks secrets out of what a notebook prints."""

from __future__ import annotations

from typing import TextIO

BLANK = "[REDACTED]"


class Redaction:
    """The secrets that a notebook has read."""

    def __init__(self) -> None:
        self._hidden: list[str] = []

    def hide(self, value: str) -> None:
        """From now on `value` is blanked out, but for an empty one."""
        if value and value not in self._hidden:
            # Longer ones first: one secret may be part of another.
            self._hidden = sorted([*self._hidden, value], key=len, reverse=True)

    def clean(self, text: str) -> str:
        """`text` without secrets."""
        for value in self._hidden:
            text = text.replace(value, BLANK)
        return text


class RedactedStream:
    """A text stream that blanks secrets; all else is left to the stream beneath."""

    def __init__(self, stream: TextIO, redaction: Redaction) -> None:
        self._stream, self._redaction = stream, redaction

    def write(self, text: str) -> int:
        """Writes `text` without its secrets."""
        self._stream.write(self._redaction.clean(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Writes all lines without their secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
