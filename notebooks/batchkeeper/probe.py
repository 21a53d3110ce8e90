"""Looks at each file of a batch before Spark does: compression, encoding, header. What is wrong with a whole file is found here."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from batchkeeper.manifest import ManifestFile
from batchkeeper.sources import Source

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
_MAX_HEADER_BYTES = 64 * 1024
_DELIMITERS = ",;\t|"
_THREADS = 4
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class ProbedFile:
    """A file and how to read it.

    Attributes:
        location: where Spark reads it: the frozen bytes, or their UTF-8 copy.
        header: the first line as it stands in the file, without line end and byte order mark; None for an empty file.
        columns: per column of the file the field of the source it is, or None when the source has no such field.
        broken: file rule -> what is wrong.
    """

    file: ManifestFile
    location: Path
    delimiter: str = ","
    header: str | None = None
    columns: tuple[str | None, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)


def probe(file: ManifestFile, source: Source, encoding: str, scratch: Path) -> ProbedFile:
    """Checks one file; a file that is not UTF-8 is copied to `scratch` as UTF-8."""
    probed = ProbedFile(file, file.location)
    if file.size == 0:
        return probed
    with file.location.open("rb") as raw:
        magic = raw.read(2)
    packed = file.location.name.endswith(".gz")
    if packed != (magic == _GZIP_MAGIC):
        rule, what = ("not_gzip", "named .gz but holds no gzip") if packed else ("unexpected_gzip", "holds gzip but is not named .gz")
        return replace(probed, broken={rule: what})
    if packed and (fault := gzip_fault(file.location)):
        return replace(probed, broken={"truncated_gzip": fault})
    try:
        location = _as_utf8(file, encoding, scratch)
        first = _first_line(location)
    except (UnicodeError, LookupError) as error:
        return replace(probed, broken={"encoding": str(error)})
    return _with_header(replace(probed, location=location), source, first) if first else probed


def probe_all(files: Sequence[tuple[ManifestFile, Source]], encodings: Mapping[str, str], scratch: Path) -> list[ProbedFile]:
    """Probes the files, some at a time: unpacking and reading release the interpreter lock."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda item: probe(item[0], item[1], encodings.get(item[1].name, "utf-8"), scratch), files))


def gzip_fault(location: Path) -> str | None:
    """What is wrong with a gzip file, or None. Reads all of it: its check sum stands at the end of each member."""
    unpacked = 0
    try:
        with gzip.open(location) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return f"gzip breaks off after {unpacked} unpacked bytes: {error}"
    return None


def _open(location: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(location)) if location.name.endswith(".gz") else location.open("rb")


def _as_utf8(file: ManifestFile, encoding: str, scratch: Path) -> Path:
    """The file itself when it is UTF-8 by name, else the path of a UTF-8 copy."""
    with _open(file.location) as stream:
        start = stream.read(2)
    if start in _UTF16:
        encoding = "utf-16"
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return file.location
    target = scratch / file.path.removesuffix(".gz")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _open(file.location) as raw, target.open("w", encoding="utf-8", newline="") as copy:
        reader = io.TextIOWrapper(raw, encoding=encoding, newline="")
        while text := reader.read(_CHUNK):
            copy.write(text)
    return target


def _first_line(location: Path) -> str:
    with _open(location) as stream:
        start = stream.read(_MAX_HEADER_BYTES)
    lines = start.removeprefix(codecs.BOM_UTF8).splitlines()
    return next((line.decode("utf-8") for line in lines if line.strip()), "")


def _with_header(probed: ProbedFile, source: Source, first: str) -> ProbedFile:
    delimiter, names = max(((mark, _split(first, mark)) for mark in _DELIMITERS), key=lambda found: len(_known(found[1], source)))
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


def _split(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _field_of(name: str, source: Source) -> str | None:
    wanted = name.casefold()
    return next((field.name for field in source.fields if wanted in (header.casefold() for header in field.headers)), None)


def _known(names: Iterable[str], source: Source) -> list[str]:
    return [name for name in names if _field_of(name, source)]
