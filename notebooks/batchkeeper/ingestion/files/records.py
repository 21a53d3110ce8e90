"""Records that span lines, because a cell in quotes holds line ends: a copy with each record on one line, for a reader
of lines.

Line ends inside a record become LINE_ENDS, and empty lines follow it in their place, so that every other row keeps its
line number.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from batchkeeper.ingestion.files.contents import LONGEST_LINE

LINE_ENDS = {"\r": "\u240d", "\n": "\u240a"}
"""Line ends inside a record, and what stands for them in the copy."""

_QUOTE = b'"'
_CHUNK = 1 << 20
# A quote that is not closed so far on is a stray one.
_MAX_LINES = 1000
_MAX_BYTES = LONGEST_LINE
# A quote that neither opens a cell nor closes one: the count of quotes then tells nothing.
_INSIDE = re.compile(rb'[^",;\t|]"[^",;\t|\r\n]')
_ENDS = {end.encode(): mark.encode() for end, mark in LINE_ENDS.items()}


def lines_of(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines with their ends, as Spark parts them: at LF, CRLF and CR."""
    rest: list[bytes] = []
    while chunk := stream.read(_CHUNK):
        rest.append(chunk)
        if b"\n" in chunk or b"\r" in chunk:
            lines = b"".join(rest).splitlines(keepends=True)
            # The last line may go on, and a CR may be the first half of a CRLF.
            rest = [lines.pop()]
            yield from lines
    yield from b"".join(rest).splitlines(keepends=True)


def records_of(lines: Iterable[bytes], delimiter: bytes) -> Iterator[list[bytes]]:
    """The lines of each record. A quote that is never closed opens none: its line and those after it stand alone."""
    source, ahead = iter(lines), deque[bytes]()
    while (first := ahead.popleft() if ahead else next(source, None)) is not None:
        record = [first]
        while may_be_open(first) and ends_in_quotes(b"".join(record), delimiter):
            more = _until_quote(source, ahead, _MAX_LINES - len(record))
            record += more
            if not more or _QUOTE not in more[-1] or sum(map(len, record)) > _MAX_BYTES:
                ahead.extendleft(reversed(record[1:]))
                del record[1:]
                break
        yield record


def _until_quote(source: Iterator[bytes], ahead: deque[bytes], most: int) -> list[bytes]:
    """The next lines, up to one with a quote, at most so many and so many bytes."""
    found: list[bytes] = []
    size = 0
    while (
        len(found) < most
        and size <= _MAX_BYTES
        and (line := ahead.popleft() if ahead else next(source, None)) is not None
    ):
        found.append(line)
        size += len(line)
        if _QUOTE in line:
            break
    return found


def may_be_open(line: bytes) -> bool:
    """Whether a closer look is needed to know that a line ends outside of quotes."""
    count = line.count(_QUOTE)
    return count > 0 and (count % 2 == 1 or _INSIDE.search(line) is not None)


def ends_in_quotes(text: bytes, delimiter: bytes) -> bool:
    """Whether the text ends inside a cell that a quote began. A quote elsewhere in a cell is an ordinary character."""
    place = 0
    while True:
        if text.startswith(_QUOTE, place):
            place = text.find(_QUOTE, place + 1)
            while place >= 0 and text.startswith(_QUOTE, place + 1):
                place = text.find(_QUOTE, place + 2)
            if place < 0:
                return True
        place = text.find(delimiter, place)
        if place < 0:
            return False
        place += len(delimiter)


def spans_lines(stream: IO[bytes], delimiter: bytes) -> bool:
    """Whether any record spans lines."""
    return any(len(record) > 1 for record in records_of(lines_of(stream), delimiter))


def write_records(stream: IO[bytes], target: Path, delimiter: bytes) -> None:
    """Writes the copy."""
    with target.open("wb") as copy:
        for record in records_of(lines_of(stream), delimiter):
            joined = b"".join(record)
            content = joined.rstrip(b"\r\n")
            copy.write(_marked(content) if len(record) > 1 else content)
            copy.write(b"\n" * len(record))


def _marked(content: bytes) -> bytes:
    for end, mark in _ENDS.items():
        content = content.replace(end, mark)
    return content
