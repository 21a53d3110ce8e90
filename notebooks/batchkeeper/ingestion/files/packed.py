"""Packed files: whether every reader of gzip will find the same bytes in them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
# Header and check sums of the gzip format, both verified.
_GZIP = zlib.MAX_WBITS | 16


class PackedFileError(Exception):
    """Raised for a packed file that not every reader reads alike; `rule` is the file rule that it breaks."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule


def unpacked(location: Path) -> Iterator[bytes]:
    """The content of a gzip file, in parts.

    Readers disagree about what may follow the packed data: some skip zeros, some ignore anything, Spark's takes it for
    one more member and fails. So whatever follows a member must be a member.

    Raises:
        PackedFileError: the file breaks off, does not meet its check sums, or goes on after its end.
    """
    size = 0
    with location.open("rb") as stream:
        rest = stream.read(_CHUNK)
        while rest:
            member = zlib.decompressobj(_GZIP)
            try:
                while not member.eof:
                    rest = rest or stream.read(_CHUNK)
                    if not rest:
                        raise PackedFileError("truncated_gzip", f"gzip breaks off after {size} unpacked bytes")
                    part = member.decompress(rest, _CHUNK)
                    size += len(part)
                    yield part
                    rest = member.unconsumed_tail
            except zlib.error as error:
                raise PackedFileError(
                    "truncated_gzip", f"gzip is damaged after {size} unpacked bytes: {error}"
                ) from error
            rest = member.unused_data
            if len(rest) < len(GZIP_MAGIC):
                rest += stream.read(_CHUNK)
            if rest and not rest.startswith(GZIP_MAGIC):
                raise PackedFileError("trailing_bytes", f"{_shown(rest)} follow the end of the packed data")


def _shown(rest: bytes) -> str:
    return f"other bytes ({rest[:8].hex(' ')})" if rest.strip(b"\0") else "zero bytes"
