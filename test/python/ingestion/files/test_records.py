"""Where a record ends: line ends inside quotes, stray quotes, and no byte lost."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchkeeper.ingestion.files.records import lines_of, records_of, write_records


def test_a_quote_that_is_closed_only_after_16_mib_opens_nothing() -> None:
    lines = [b'"open\n', *[b"x" * (1 << 20) + b"\n"] * 17, b'closed"\n']
    assert [len(record) for record in records_of(lines, b",")] == [1] * len(lines)
    assert [len(record) for record in records_of([*lines[:9], lines[-1]], b",")] == [10]


RECORDS = [
    [b"a,b\n"],
    [b'1,"x\n', b'y"\n'],
    [b'2,"x ""q\n', b"\n", b'""",z\n'],
    [b'3,5" pipe,6\n'],
    [b'"4",5" pipe, 6" pipe\n'],
    [b'5,6" x,"open\n', b'closed"\n'],
    [b"\n"],
    [b'6,"stray\n'],
    [b"7,8"],
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_records_end_outside_of_quotes(tmp_path: Path, end: bytes) -> None:
    wanted = [[line.replace(b"\n", end) for line in record] for record in RECORDS]
    content = b"".join(line for record in wanted for line in record)
    assert list(records_of(lines_of(io.BytesIO(content)), b",")) == wanted
    write_records(io.BytesIO(content), tmp_path / "copy", b",")
    copied = (tmp_path / "copy").read_text().split("\n")
    place = 0
    for record in RECORDS:
        assert copied[place].count("\u240a" if end == b"\n" else "\u240d") == len(record) - 1
        assert copied[place + 1 : place + len(record)] == [""] * (len(record) - 1)
        place += len(record)


@given(st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"\r\n", b"a", b'""']), max_size=60))
def test_no_byte_of_a_record_is_lost(parts: list[bytes]) -> None:
    content = b"".join(parts)
    found = list(records_of(lines_of(io.BytesIO(content)), b","))
    assert b"".join(line for record in found for line in record) == content
    assert [line for record in found for line in record] == content.splitlines(keepends=True)


def test_a_quote_closed_after_a_thousand_lines_is_a_stray_one() -> None:
    lines = [b'"a\n', *[b"x\n"] * 1200, b'b"\n']
    assert [len(record) for record in records_of(lines, b",")] == [1] * len(lines)
