"""Looks at each file of a batch before Spark does: compression, encoding, header. What is wrong with a whole file is found here."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from batchkeeper.contents import Contents, LineTooLongError, look_through
from batchkeeper.manifest import ManifestFile
from batchkeeper.packed import GZIP_MAGIC, PackedFileError, unpacked
from batchkeeper.records import LINE_ENDS, lines_of, spans_lines, write_records
from batchkeeper.sources import Source

_CHUNK = 1 << 20
_MAX_HEADER_BYTES = 64 * 1024
_MAX_COLUMNS = 1000
_DELIMITERS = ",;\t|"
_THREADS = 4
_UTF8 = ".utf8.csv"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Spark takes other names for patterns, hides them, or parts them at a colon.
_PLAIN_NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.=-]{0,199}/)*[A-Za-z0-9][A-Za-z0-9_.=-]{0,199}\.csv(?:\.gz)?")


@dataclass(frozen=True)
class ProbedFile:
    """A file and how to read it.

    Attributes:
        location: where Spark reads it: the frozen bytes, or a copy that it reads as they are meant.
        header: the first line as it stands in the file, without line end and byte order mark; None for an empty file.
        columns: per column of the file the field of the source it is, or None when the source has no such field.
        broken: file rule -> what is wrong.
        quoted: whether a quote stands anywhere below the header.
        plain: whether its rows are made of nothing but the bytes of plain numbers and times, see batchkeeper.forms.
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


def probe(file: ManifestFile, source: Source, encoding: str, scratch: Path, number: int) -> ProbedFile:
    """Checks one file. Where Spark would not read it as it is meant, a copy below `scratch` has a name made from `number`."""
    probed = ProbedFile(file, file.location)
    if file.size == 0:
        return probed
    with file.location.open("rb") as raw:
        magic = raw.read(len(GZIP_MAGIC))
    packed = file.path.lower().endswith(".gz")
    if packed != (magic == GZIP_MAGIC):
        rule, what = ("not_gzip", "named .gz but holds no gzip") if packed else ("unexpected_gzip", "holds gzip but is not named .gz")
        return replace(probed, broken={rule: what})
    name = scratch / f"{number:06d}"
    try:
        contents = look_through(unpacked(file.location) if packed else _parts(file.location))
        readable = _as_utf8(_under_plain_name(probed, packed, name), encoding, name)
        if readable.location.name.endswith(_UTF8):
            contents = look_through(_parts(readable.location))
        first = _first_line(readable.location)
        return _with_records(_with_header(readable, source, first), source, contents, name) if first else readable
    except PackedFileError as error:
        return replace(probed, broken={error.rule: str(error)})
    except (UnicodeError, LookupError) as error:
        return replace(probed, broken={"encoding": str(error)})
    except csv.Error as error:
        return replace(probed, broken={"unreadable": f"header: {error}"})
    except LineTooLongError as error:
        return replace(probed, broken={"unreadable": str(error)})


def probe_all(files: Sequence[tuple[ManifestFile, Source]], encodings: Mapping[str, str], scratch: Path) -> list[ProbedFile]:
    """Probes the files, some at a time: unpacking and reading release the interpreter lock."""

    def look(numbered: tuple[int, tuple[ManifestFile, Source]]) -> ProbedFile:
        number, (file, source) = numbered
        return probe(file, source, encodings.get(source.name, "utf-8"), scratch, number)

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(look, enumerate(files)))


def _open(location: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(location)) if location.name.endswith(".gz") else location.open("rb")


def _parts(location: Path) -> Iterator[bytes]:
    with location.open("rb") as stream:
        yield from iter(lambda: stream.read(_CHUNK), b"")


def _under_plain_name(probed: ProbedFile, packed: bool, name: Path) -> ProbedFile:
    """The file itself when its name tells Spark nothing but whether it is packed, else a copy."""
    location = probed.location
    inside = location.relative_to(os.path.commonpath((location, name)))
    if _PLAIN_NAME.fullmatch(inside.as_posix()) and location.name.endswith(".gz") == packed:
        return probed
    copy = name.with_suffix(".csv.gz" if packed else ".csv")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(location, copy)
    return replace(probed, location=copy)


def _as_utf8(probed: ProbedFile, encoding: str, name: Path) -> ProbedFile:
    """The file itself when it is UTF-8, else a copy that is."""
    with _open(probed.location) as stream:
        start = stream.read(2)
    if start in _UTF16:
        encoding = "utf-16"
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return probed
    target = name.with_suffix(_UTF8)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _open(probed.location) as raw, target.open("w", encoding="utf-8", newline="") as copy:
        reader = io.TextIOWrapper(raw, encoding=encoding, newline="")
        while text := reader.read(_CHUNK):
            copy.write(text)
    return replace(probed, location=target)


def _first_line(location: Path) -> str:
    """The first line that is not blank, without its end and byte order mark."""
    with _open(location) as stream:
        for number, line in enumerate(lines_of(stream)):
            text = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
            if len(text) > _MAX_HEADER_BYTES:
                raise csv.Error(f"{len(text)} bytes long, at most {_MAX_HEADER_BYTES}")
            if text.strip():
                return text.rstrip(b"\r\n").decode("utf-8")
    return ""


def _with_header(probed: ProbedFile, source: Source, first: str) -> ProbedFile:
    delimiter, names = max(((mark, _split(first, mark)) for mark in _DELIMITERS), key=lambda found: len(_known(found[1], source)))
    if len(names) > _MAX_COLUMNS:
        raise csv.Error(f"{len(names)} columns, at most {_MAX_COLUMNS}")
    columns = tuple(_field_of(name, source) for name in names)
    known = [column for column in columns if column]
    missing = [field for field in source.fields if field.name not in known]
    broken: dict[str, str] = {}
    if missing:
        broken["missing_column"] = f"header lacks {', '.join(field.headers[0] for field in missing)}; it is: {first[:200]}"
    if len(set(known)) < len(known):
        broken["ambiguous_column"] = f"header names a column twice: {first[:200]}"
    unknown = [name for name, column in zip(names, columns, strict=True) if column is None]
    if unknown and not missing:
        broken["unknown_column"] = f"ignored: {', '.join(unknown)[:200]}"
    return replace(probed, delimiter=delimiter, header=first, columns=columns, broken=broken)


def _with_records(probed: ProbedFile, source: Source, contents: Contents, name: Path) -> ProbedFile:
    """Notes what the file is made of; where quotes hold line ends, a copy has each record on a line."""
    if not contents.quoted:
        return replace(probed, plain=contents.plain(probed.delimiter))
    delimiter = probed.delimiter.encode()
    with _open(probed.location) as stream:
        if not spans_lines(stream, delimiter):
            return replace(probed, quoted=True)
    target = name.with_suffix(".records.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _open(probed.location) as stream:
        write_records(stream, target, delimiter)
    first = _first_line(target)
    for end, mark in LINE_ENDS.items():
        first = first.replace(mark, end)
    return _with_header(replace(probed, location=target, quoted=True, joined=True), source, first)


def _split(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _field_of(name: str, source: Source) -> str | None:
    wanted = name.casefold()
    return next((field.name for field in source.fields if wanted in (header.casefold() for header in field.headers)), None)


def _known(names: Iterable[str], source: Source) -> list[str]:
    return [name for name in names if _field_of(name, source)]
