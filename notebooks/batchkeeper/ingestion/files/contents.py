"""What the bytes of a file are made of: found while it is looked through, so that Spark need not ask for each row."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from batchkeeper.ingestion.rows.forms import PLAIN

# Blank lines, and the first line that is not.
_FIRST_LINE = re.compile(rb"\s*\S[^\r\n]*[\r\n]")
_LONGEST_SEARCH = 1 << 24
LONGEST_LINE = 1 << 24
"""Bytes of a line at most: Spark holds each whole, several times over, and would end with its neighbours' work."""


class LineTooLongError(Exception):
    """Raised for a file with a line that is no row of a table, whatever it is."""


@dataclass
class Contents:
    """Findings about a file.

    Attributes:
        quoted: whether a quote stands anywhere below the header.
        odd: bytes below the header, those of `PLAIN` aside; not all of them, but none when there is none.
    """

    quoted: bool = False
    odd: frozenset[int] = frozenset()

    def plain(self, delimiter: str) -> bool:
        """Whether all below the header is made of PLAIN bytes and the delimiter."""
        return not self.quoted and self.odd <= {ord(delimiter)}


def look_through(parts: Iterable[bytes]) -> Contents:
    """Looks through a file; `parts` is read to its end, a megabyte at a time.

    Raises:
        LineTooLongError: a line has more than LONGEST_LINE bytes.
    """
    quoted, odd = False, set[int]()
    head: bytes | None = b""
    line = 0
    for part in parts:
        last = max(part.rfind(b"\n"), part.rfind(b"\r"))
        line = line + len(part) if last < 0 else len(part) - last - 1
        if line > LONGEST_LINE:
            raise LineTooLongError(f"a line has more than {LONGEST_LINE >> 20} MiB")
        if head is not None:
            head = (head + part).removeprefix(codecs.BOM_UTF8)
            first = _FIRST_LINE.match(head)
            if not first:
                # A header of this length is refused anyway.
                if len(head) > _LONGEST_SEARCH:
                    quoted, odd, head = True, {0}, None
                continue
            part, head = head[first.end() :], None
        # A quote that the header leaves open is closed below it.
        quoted = quoted or b'"' in part
        # One odd byte settles it for any delimiter but a tab.
        if not odd - {ord("\t")}:
            odd.update(part.translate(None, PLAIN))
    return Contents(quoted, frozenset(odd))
