"""Texts that a cast or a parser takes for another one: broken offsets, and bytes that vanish."""

from __future__ import annotations

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry

FLEET = {"machines/2015-11-15.csv": MACHINES}
DAY = "telemetry/2015-11-15.csv"
WRONG_TIMES = (
    "2015-11-15 03:00:00+5:3",
    "2015-11-15T03:00:00+05:3",
    "2015-11-15 03:00:00.",
    "2015-11-1 03:0+05:3",
)


@pytest.mark.parametrize("more", ["", "x"], ids=["plain bytes", "other bytes too"])
def test_a_broken_offset_or_fraction_is_no_time(bench: Bench, more: str) -> None:
    wrong = [reading(text) for text in WRONG_TIMES]
    bench.ingest({**FLEET, DAY: telemetry(reading(), *wrong, *([more] if more else []))})
    assert bench.rows("telemetry", "string(ts)") == [("2015-11-15 01:00:00",)]
    assert {raw: rule for raw, rule in bench.rows("quarantine", "raw", "rule") if raw != more} == dict.fromkeys(
        wrong, "wrong_type:ts"
    )


def test_a_region_that_nobody_keeps_is_no_zone(bench: Bench) -> None:
    bench.ingest({**FLEET, DAY: telemetry(reading(), reading("2015-11-15 03:00:00 SystemV/AST4"))})
    assert bench.rows("quarantine", "rule") == [("wrong_type:ts",)]


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_a_byte_of_zero_is_not_left_out_of_a_text(bench: Bench, quote: str) -> None:
    lines = ["datetime,machineID,errorID", "2015-11-15 01:00:00,1,error1"]
    wrong = f"2015-11-15 02:00:00,1,{quote}err\x00or1{quote}"
    bench.ingest({**FLEET, "errors/2015-11-15.csv": "\n".join([*lines, wrong]) + "\n"})
    assert bench.rows("errors", "hour(ts)", "error_id") == [(1, "error1")]
    assert bench.rows("quarantine", "raw") == [(wrong,)]


def test_events_later_than_the_name_of_their_file_let_it_cover_nothing(bench: Bench) -> None:
    """A wrong year in a name, long before all other data, would hold up everything after it."""
    rows = "datetime,machineID,errorID\n2015-11-15 01:00:00,1,error1\n"
    late = "datetime,machineID,errorID\n2015-11-14 01:00:00,1,error1\n"
    bench.ingest({**FLEET, "errors/2014-11-15.csv": rows, "errors/2015-11-15.csv": late})
    found = dict(bench.rows("ingest_log", "source_path", "covers_to IS NULL"))
    assert found["errors/2014-11-15.csv"]
    assert not found["errors/2015-11-15.csv"]
