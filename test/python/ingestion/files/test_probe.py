"""The look at a file before Spark reads it: packed data, what bytes it is made of, what its name claims."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdm import COVERAGE, MACHINES, TELEMETRY

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.ingestion.files.contents import LONGEST_LINE, look_through
from batchkeeper.ingestion.files.naming import Naming
from batchkeeper.ingestion.files.packed import PackedFileError, unpacked
from batchkeeper.ingestion.files.probe import probe

HEADER = "datetime,machineID,volt,rotate,pressure,vibration"
ROW = "2015-11-15 01:00:00,1,170.5,450.25,100.5,40.125"
PACKED = gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 50, mtime=0)
DELIVERED = datetime(2015, 11, 15, 7, tzinfo=UTC)


def drop(tmp_path: Path, content: bytes, path: str = "telemetry/2015-11-15.csv", frozen: str = "a.csv") -> ManifestFile:
    location = tmp_path / frozen
    location.write_bytes(content)
    return ManifestFile(path, "telemetry", location, "0x1", len(content), DELIVERED)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (PACKED, None),
        (PACKED + PACKED, None),
        (PACKED + bytes(30), "trailing_bytes"),
        (PACKED + b"\0", "trailing_bytes"),
        (PACKED + b"junk", "trailing_bytes"),
        (PACKED + PACKED[:9], "truncated_gzip"),
        (PACKED + b"\x1f", "trailing_bytes"),
        (PACKED[:-1], "truncated_gzip"),
        (PACKED[:-8] + bytes(8), "truncated_gzip"),
        (PACKED[:3] + b"\xe0" + PACKED[4:], "truncated_gzip"),
    ],
)
def test_a_packed_file_is_whole_and_ends_where_it_ends(tmp_path: Path, content: bytes, rule: str | None) -> None:
    found = probe(
        drop(tmp_path, content, "telemetry/2015-11-15.csv.gz", "a.csv.gz"), TELEMETRY, "utf-8", tmp_path / "work", 0
    )
    assert list(found.broken) == ([rule] if rule else [])
    if rule is None:
        assert b"".join(unpacked(tmp_path / "a.csv.gz")) == gzip.decompress(content)


@pytest.mark.parametrize(
    ("end", "blocks", "refused"), [("\n", 15, False), ("\n", 17, True), ("\r", 17, True), ("", 17, True)]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_more_than_16_mib_is_no_row(
    tmp_path: Path, end: str, blocks: int, refused: bool, packed: bool
) -> None:
    """As a part of a disk that was never written has none."""
    assert LONGEST_LINE == 16 << 20
    content = f"{HEADER}{end}{ROW}{end}".encode() + bytes(blocks << 20) + f"{end}{ROW}{end}".encode()
    path, frozen = ("telemetry/2015-11-15.csv.gz", "a.csv.gz") if packed else ("telemetry/2015-11-15.csv", "a.csv")
    found = probe(
        drop(tmp_path, gzip.compress(content, 1) if packed else content, path, frozen),
        TELEMETRY,
        "utf-8",
        tmp_path / "work",
        0,
    )
    assert dict(found.broken) == ({"unreadable": "a line has more than 16 MiB"} if refused else {})


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PACKED) - 1), st.integers(0, 7))
def test_no_damaged_bit_gives_other_content(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    """Some bits mean nothing to any reader, such as the time of packing; any other is noticed."""
    damaged = bytearray(PACKED)
    damaged[place] ^= 1 << bit
    target = tmp_path_factory.mktemp("packed") / "a.csv.gz"
    target.write_bytes(damaged)
    try:
        content = b"".join(unpacked(target))
    except PackedFileError:
        return
    assert content == gzip.decompress(PACKED)


@pytest.mark.parametrize(
    ("frozen", "path", "copied"),
    [
        ("0123abcd.csv", "telemetry/[a]/2015-11-15.csv", False),
        ("_a.csv", "telemetry/_a.csv", True),
        (".a.csv", "telemetry/.a.csv", True),
        ("a[1].csv", "telemetry/a[1].csv", True),
        ("a:b.csv", "telemetry/a:b.csv", True),
        ("a.csv.bz2", "telemetry/a.csv", True),
        ("a", "telemetry/a.csv", True),
    ],
)
def test_spark_never_sees_a_foreign_name(tmp_path: Path, frozen: str, path: str, copied: bool) -> None:
    found = probe(
        drop(tmp_path, f"{HEADER}\n{ROW}\n".encode(), path, frozen), TELEMETRY, "utf-8", tmp_path / "work", 17
    )
    assert found.location == (tmp_path / "work" / "000017.csv" if copied else tmp_path / frozen)
    assert found.location.read_bytes() == (tmp_path / frozen).read_bytes()


@pytest.mark.parametrize(
    ("body", "plain", "quoted"),
    [
        (f"{ROW}\r\n2015-11-15T01:00:00.5+01:00,-1,.5,+7,8.,9Z\r\n", True, False),
        ("", True, False),
        ("1e5", False, False),
        ("98F", False, False),
        ("1\t", False, False),
        ("1\x00", False, False),
        ('"1"', False, True),
        ("é", False, False),
    ],
)
def test_what_the_bytes_below_the_header_are(body: str, plain: bool, quoted: bool) -> None:
    quoted_header = ",".join(f'"{name}"' for name in HEADER.split(","))
    content = f"\ufeff\n{quoted_header}\n{body}".encode()
    for size in (1, 7, 1000):
        found = look_through(content[start : start + size] for start in range(0, len(content), size))
        assert (found.plain(","), found.quoted) == (plain, quoted)


def test_a_tab_is_plain_where_it_parts_the_cells() -> None:
    found = look_through([f"{HEADER}\n{ROW}\n".replace(",", "\t").encode()])
    assert found.plain("\t")
    assert not found.plain(",")


@pytest.mark.parametrize(
    "content", [b"\n" * 200_000 + HEADER.encode() + b"\n" + ROW.encode(), f"{HEADER},{'x' * 70_000}\n".encode()]
)
def test_a_header_is_found_however_late_and_refused_when_it_is_endless(tmp_path: Path, content: bytes) -> None:
    found = probe(drop(tmp_path, content), TELEMETRY, "utf-8", tmp_path / "work", 0)
    assert (found.header == HEADER) is (not found.broken)
    assert list(found.broken) == ([] if found.header else ["unreadable"])


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("telemetry/2015-11-15.csv", None),
        ("telemetry/2015-11-16.csv", "name_after_delivery"),
        ("telemetry/2014-01-01_2015-11-15.csv.gz", None),
        ("telemetry/2013-12-31.csv", "name_before_start"),
        ("telemetry/0001-01-01.csv", "name_before_start"),
        ("telemetry/0001-01-01_9999-12-31.csv", "name_before_start"),
        ("telemetry/2015-11-03_2051-11-04.csv", "name_after_delivery"),
        ("telemetry/9999-12-31.csv", "name_after_delivery"),
        ("machines/2015-11-16.csv", None),
        ("machines/2015-11-17.csv", "name_after_delivery"),
        ("telemetry/\u0662\u0660\u0661\u0665-11-15.csv", "undated_name"),
        ("telemetry/latest.csv", "undated_name"),
    ],
)
def test_what_a_name_may_claim(path: str, rule: str | None) -> None:
    naming = Naming(COVERAGE, date(2014, 1, 1))
    source = MACHINES if path.startswith("machines") else TELEMETRY
    file = ManifestFile(path, source.name, Path("/x"), "0x1", 1, DELIVERED)
    assert list(naming.faults(file, source)) == ([rule] if rule else [])
    assert naming.covers(file, source) == (None if rule else COVERAGE.covers(path))
