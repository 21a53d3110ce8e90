"""What a drop's name covers, and up to when the data are complete."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from batchkeeper.ingestion.journal.coverage import complete_until, gaps, merged, why_incomplete
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.source import Field, Source

START = datetime(2015, 1, 1, 6, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def source(name: str, time: str | None = "ts", required: bool = True) -> Source:
    return Source(name, (Field("id", "int", ("id",)), Field("ts", "timestamp", ("ts",))), ("id", "ts"), time, required)


@pytest.mark.parametrize(
    ("path", "span"),
    [
        ("telemetry/2015-01-02.csv", (at(0), at(24))),
        ("telemetry/2015-01-02.csv.gz", (at(0), at(24))),
        ("telemetry/2015-01-02_2015-01-04.csv", (at(0), at(72))),
        ("telemetry/2015-01-04_2015-01-02.csv", None),
        ("telemetry/2015-02-30.csv", None),
        ("telemetry/2015-01-02.txt", None),
        ("telemetry/latest.csv", None),
        ("telemetry/0000-01-01.csv", None),
        # The first and the last day of the calendar have no day before or after.
        ("telemetry/0001-01-01.csv", (datetime(1, 1, 1, 6, tzinfo=UTC), datetime(1, 1, 1, 6, tzinfo=UTC))),
        ("telemetry/9999-12-31.csv", (datetime(9999, 12, 30, 6, tzinfo=UTC), datetime(9999, 12, 31, 6, tzinfo=UTC))),
    ],
)
def test_a_name_gives_its_span(path: str, span: tuple[datetime, datetime] | None) -> None:
    assert CoverageRule(6).covers(path) == span


def test_watermark_stops_at_the_first_gap_of_any_required_source() -> None:
    coverage = {"a": [(at(0), at(72))], "b": [(at(0), at(24)), (at(48), at(72))], "c": [(at(0), at(12))]}
    a, b, c = source("a"), source("b"), source("c", required=False)
    assert complete_until(coverage, [a]) == at(72)
    assert complete_until(coverage, [a, b, c]) == at(24)
    assert gaps(coverage["b"]) == [(at(24), at(48))]


def test_a_missing_source_holds_everything_back() -> None:
    assert complete_until({"a": [(at(0), at(72))]}, [source("a"), source("b")]) is None
    assert complete_until({"a": [(at(0), at(24))], "b": [(at(48), at(72))]}, [source("a"), source("b")]) is None


def test_who_waits_for_files_names_them() -> None:
    told = "no time up to which all required sources are covered: "
    a, b = source("a"), source("b")
    assert why_incomplete([a, b], {"a": [(at(0), at(72))]}) == f"{told}b: no file at all"
    apart = why_incomplete([a, b], {"a": [(at(0), at(24))], "b": [(at(48), at(72))]})
    assert apart.startswith(f"{told}a: no file covers ")
    many = why_incomplete([source(f"s{number}") for number in range(7)], {})
    assert many.endswith("s4: no file at all; 2 more")


def test_a_snapshot_only_has_to_be_there() -> None:
    fleet = source("fleet", time=None)
    assert complete_until({"a": [(at(0), at(72))], "fleet": [(at(0), at(24))]}, [source("a"), fleet]) == at(72)
    assert complete_until({"a": [(at(0), at(72))]}, [source("a"), fleet]) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=12), st.randoms())
def test_joined_spans_do_not_depend_on_order_and_cover_the_same(spans: list[tuple[int, int]], chance) -> None:
    given_ = [(at(start), at(start + length)) for start, length in spans]
    shuffled = list(given_)
    chance.shuffle(shuffled)
    found = merged(given_)
    assert found == merged(shuffled)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    hours = range(52)
    assert [any(s < at(h + 0.5) <= e for s, e in given_) for h in hours] == [
        any(s < at(h + 0.5) <= e for s, e in found) for h in hours
    ]


@pytest.mark.parametrize("day", ["2015-11-15", "1969-12-31", "1970-01-01", "2016-02-29"])
def test_the_day_of_a_time_is_the_drop_that_covers_it(spark: SparkSession, day: str) -> None:
    span = CoverageRule(6).covers(f"telemetry/{day}.csv")
    assert span is not None
    first, last = (int((moment - EPOCH) / timedelta(microseconds=1)) for moment in span)
    row = spark.sql(
        "SELECT "
        + ", ".join(
            f"CAST({CoverageRule(6).day_of(f'timestamp_micros({at}L)')} AS STRING)" for at in (first, first + 1, last)
        )
    ).first()
    assert row is not None

    before = date.fromisoformat(day) - timedelta(days=1)
    assert list(row) == [str(before), day, day]
