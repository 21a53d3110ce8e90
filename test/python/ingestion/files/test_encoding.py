"""What a file says of its encoding, and how it is told when it is no text at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pdm import TELEMETRY

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.files.probe import probe

HEADER = "datetime,machineID,volt,rotate,pressure,vibration"
TEXT = f"{HEADER}\n2015-11-15 01:00:00,1,170.5,450.25,100.5,40.125\n"


def probed(tmp_path: Path, content: bytes, encoding: str = "utf-8") -> ProbedFile:
    location = tmp_path / "a.csv"
    location.write_bytes(content)
    delivered = datetime(2015, 11, 15, 7, tzinfo=UTC)
    file = ManifestFile("telemetry/2015-11-15.csv", "telemetry", location, "0x1", len(content), delivered)
    return probe(file, TELEMETRY, encoding, tmp_path / "work", 0)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04" + bytes(60), "it is a zip archive, as a workbook is, and no text"),
        (b"PAR1\x15" + bytes(60), "it is a Parquet file, and no text"),
        (TEXT.encode("utf-16-le"), "it looks like UTF-16 without a byte order mark"),
        (TEXT.encode("utf-16-be"), "it looks like UTF-16 without a byte order mark"),
        (TEXT.encode("utf-32-le"), "it looks like UTF-32 without a byte order mark"),
        (TEXT.encode("utf-32-be"), "it looks like UTF-32 without a byte order mark"),
    ],
)
def test_a_file_that_is_no_text_says_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    assert dict(probed(tmp_path, content).broken) == {"encoding": what}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    found = probed(tmp_path, TEXT.encode(encoding))
    assert (found.header, dict(found.broken)) == (HEADER, {})


def test_a_column_may_have_the_name_that_another_format_begins_with(tmp_path: Path) -> None:
    assert list(probed(tmp_path, f"PAR1,{TEXT}".encode()).broken) == ["unknown_column"]


def test_a_declared_encoding_needs_no_mark(tmp_path: Path) -> None:
    found = probed(tmp_path, TEXT.encode("utf-16-le"), "utf-16-le")
    assert (found.header, dict(found.broken)) == (HEADER, {})


def test_what_a_header_holds_is_shown_without_its_control_characters(tmp_path: Path) -> None:
    found = probed(tmp_path, b"a\x00b\x1b[31m\n1\n")
    assert found.broken["missing_column"].endswith("it is: a\\x00b\\x1b[31m")
