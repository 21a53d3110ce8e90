"""A file as it was looked at, and what its header says."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.ingestion.files.records import lines_of
from batchkeeper.scenario.source import Source

_MAX_HEADER_BYTES = 64 * 1024
_MAX_COLUMNS = 1000
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class ProbedFile:
    """A file and how to read it.

    Attributes:
        location: where Spark reads it: the frozen bytes, or a copy that it reads as they are meant.
        header: the first line as it stands in the file, without line end and byte order mark; None for an empty file.
        columns: per column of the file the field of the source it is, or None when the source has no such field.
        broken: file rule -> what is wrong.
        quoted: whether a quote stands anywhere below the header.
        plain: whether its rows are made of nothing but the bytes of plain numbers and times, see
            batchkeeper.ingestion.rows.forms.
        joined: whether the copy has the records on one line each that span several in the file.
    """

    file: ManifestFile
    location: Path
    delimiter: str = ","
    header: str | None = None
    columns: tuple[str | None, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    quoted: bool = False
    plain: bool = False
    joined: bool = False


def open_unpacked(location: Path) -> IO[bytes]:
    """The content of a file, unpacked if its name says that it is packed."""
    return cast("IO[bytes]", gzip.open(location)) if location.name.endswith(".gz") else location.open("rb")


def first_line(location: Path) -> str:
    """The first line that is not blank, without its end and byte order mark."""
    with open_unpacked(location) as stream:
        for number, line in enumerate(lines_of(stream)):
            text = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
            if len(text) > _MAX_HEADER_BYTES:
                raise csv.Error(f"{len(text)} bytes long, at most {_MAX_HEADER_BYTES}")
            if text.strip():
                return text.rstrip(b"\r\n").decode("utf-8")
    return ""


def with_header(probed: ProbedFile, source: Source, first: str) -> ProbedFile:
    """The file with delimiter and columns by its first line, and what is wrong with that."""
    delimiter, names = max(
        ((mark, _split(first, mark)) for mark in _DELIMITERS), key=lambda found: len(_known(found[1], source))
    )
    if len(names) > _MAX_COLUMNS:
        raise csv.Error(f"{len(names)} columns, at most {_MAX_COLUMNS}")
    columns = tuple(_field_of(name, source) for name in names)
    known = [column for column in columns if column]
    missing = [field for field in source.fields if field.name not in known and not field.optional]
    broken: dict[str, str] = {}
    if missing:
        broken["missing_column"] = (
            f"header lacks {', '.join(field.headers[0] for field in missing)}; it is: {_shown(first)}"
        )
    if len(set(known)) < len(known):
        broken["ambiguous_column"] = f"header names a column twice: {_shown(first)}"
    unknown = [name for name, column in zip(names, columns, strict=True) if column is None]
    if unknown and not missing:
        broken["unknown_column"] = f"ignored: {_shown(', '.join(unknown))}"
    return replace(probed, delimiter=delimiter, header=first, columns=columns, broken=broken)


def _split(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _field_of(name: str, source: Source) -> str | None:
    wanted = name.casefold()
    return next(
        (field.name for field in source.fields if wanted in (header.casefold() for header in field.headers)), None
    )


def _known(names: Iterable[str], source: Source) -> list[str]:
    return [name for name in names if _field_of(name, source)]


def _shown(text: str, limit: int = 200) -> str:
    """Foreign text for a message: cut, and without characters that a terminal would obey or a table refuse."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:limit])
