"""Looks at each file of a batch before Spark does: compression, encoding, header. What is wrong with a whole file is
found here.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.ingestion.files.contents import Contents, LineTooLongError, look_through
from batchkeeper.ingestion.files.encoding import NotTextError, encoding_of, is_utf8
from batchkeeper.ingestion.files.header import ProbedFile, first_line, open_unpacked, with_header
from batchkeeper.ingestion.files.packed import GZIP_MAGIC, PackedFileError, unpacked
from batchkeeper.ingestion.files.records import LINE_ENDS, spans_lines, write_records
from batchkeeper.scenario.source import Source

_CHUNK = 1 << 20
_THREADS = 4
_START = 8
_UTF8 = ".utf8.csv"
# Spark takes other names for patterns, hides them, or parts them at a colon.
_PLAIN_NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.=-]{0,199}/)*[A-Za-z0-9][A-Za-z0-9_.=-]{0,199}\.csv(?:\.gz)?")


def probe(file: ManifestFile, source: Source, encoding: str, scratch: Path, number: int) -> ProbedFile:
    """Checks one file. Where Spark would not read it as it is meant, a copy below `scratch` has a name made from
    `number`.
    """
    probed = ProbedFile(file, file.location)
    if file.size == 0:
        return probed
    with file.location.open("rb") as raw:
        magic = raw.read(len(GZIP_MAGIC))
    packed = file.path.lower().endswith(".gz")
    if packed != (magic == GZIP_MAGIC):
        rule, what = (
            ("not_gzip", "named .gz but holds no gzip")
            if packed
            else ("unexpected_gzip", "holds gzip but is not named .gz")
        )
        return replace(probed, broken={rule: what})
    name = scratch / f"{number:06d}"
    try:
        contents = look_through(unpacked(file.location) if packed else _parts(file.location))
        readable = _as_utf8(_under_plain_name(probed, packed, name), encoding, name)
        if readable.location.name.endswith(_UTF8):
            contents = look_through(_parts(readable.location))
        first = first_line(readable.location)
        return _with_records(with_header(readable, source, first), source, contents, name) if first else readable
    except PackedFileError as error:
        return replace(probed, broken={error.rule: str(error)})
    except LineTooLongError as error:
        return replace(probed, broken={"unreadable": str(error)})
    except (NotTextError, UnicodeError, LookupError) as error:
        return replace(probed, broken={"encoding": str(error)})
    except csv.Error as error:
        return replace(probed, broken={"unreadable": f"header: {error}"})


def probe_all(
    files: Sequence[tuple[ManifestFile, Source]], encodings: Mapping[str, str], scratch: Path
) -> list[ProbedFile]:
    """Probes the files, some at a time: unpacking and reading release the interpreter lock."""

    def look(numbered: tuple[int, tuple[ManifestFile, Source]]) -> ProbedFile:
        number, (file, source) = numbered
        return probe(file, source, encodings.get(source.name, "utf-8"), scratch, number)

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(look, enumerate(files)))


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
    with open_unpacked(probed.location) as stream:
        encoding = encoding_of(stream.read(_START), encoding)
    if is_utf8(encoding):
        return probed
    target = name.with_suffix(_UTF8)
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_unpacked(probed.location) as raw, target.open("w", encoding="utf-8", newline="") as copy:
        reader = io.TextIOWrapper(raw, encoding=encoding, newline="")
        while text := reader.read(_CHUNK):
            copy.write(text)
    return replace(probed, location=target)


def _with_records(probed: ProbedFile, source: Source, contents: Contents, name: Path) -> ProbedFile:
    """Notes what the file is made of; where quotes hold line ends, a copy has each record on a line."""
    if not contents.quoted:
        return replace(probed, plain=contents.plain(probed.delimiter))
    delimiter = probed.delimiter.encode()
    with open_unpacked(probed.location) as stream:
        if not spans_lines(stream, delimiter):
            return replace(probed, quoted=True)
    target = name.with_suffix(".records.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_unpacked(probed.location) as stream:
        write_records(stream, target, delimiter)
    first = first_line(target)
    for end, mark in LINE_ENDS.items():
        first = first.replace(mark, end)
    return with_header(replace(probed, location=target, quoted=True, joined=True), source, first)
