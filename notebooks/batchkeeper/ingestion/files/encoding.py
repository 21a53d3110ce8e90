"""What the first bytes of a file say of it: another format than text, or another encoding than the source's."""

from __future__ import annotations

import codecs

_FORMATS = {
    b"PK\x03\x04": "a zip archive, as a workbook is",
    b"PAR1\x15": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old workbook",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"BZh91AY&SY": "packed with bzip2",
    b"\xfd7zXZ\x00": "packed with xz",
    b"7z\xbc\xaf": "a 7z archive",
}
# The mark of UTF-32 begins as that of UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Text of plain letters: where its bytes are zero.
_UNMARKED = {
    "x000": "UTF-32",
    "000x": "UTF-32",
    "x0x0": "UTF-16",
    "0x0x": "UTF-16",
}


class NotTextError(Exception):
    """Raised for a file that is no text in the encoding of its source; its message says what it is instead."""


def encoding_of(start: bytes, declared: str) -> str:
    """The encoding of a file by its first bytes, at least eight if there are so many, else the declared one.

    Raises:
        NotTextError: it begins as a file of another format does, or as text of another encoding.
        LookupError: there is no encoding of the declared name.
    """
    for magic, what in _FORMATS.items():
        if start.startswith(magic):
            raise NotTextError(f"it is {what}, and no text")
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    unmarked = _UNMARKED.get("".join("x" if byte else "0" for byte in start[:4]))
    if unmarked and is_utf8(declared):
        raise NotTextError(f"it looks like {unmarked} without a byte order mark")
    return declared


def is_utf8(encoding: str) -> bool:
    """Whether Spark reads text of this encoding as it is. Raises LookupError when there is none of the name."""
    return codecs.lookup(encoding).name in ("utf-8", "ascii")
