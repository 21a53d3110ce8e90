"""A scenario of dates without a clock, of values that a row may lack, and of no fleet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from declarations import dated
from drop_bench import Bench
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables
from batchkeeper.scenario import Fleet, Reading, Scenario
from batchkeeper.scenario.checks.all import faults_of

HEADER = "serial,day,load,heat,starts"
DELIVERED = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def bench(spark: SparkSession, schema: str, tmp_path: Path) -> Bench:
    bench = Bench(Tables(spark, "spark_catalog", schema), tmp_path / "volume", modified=DELIVERED)
    bench.scenario = dated(tmp_path)
    return bench


def smart(day: str, *rows: str, header: str = HEADER) -> dict[str, str | bytes]:
    return {f"smart/{day}.csv": "\n".join([header, *rows]) + "\n"}


def stored(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows("smart", "serial", "string(ts)", "load", "heat", "starts")


def test_such_a_scenario_is_sound(tmp_path: Path) -> None:
    assert faults_of(dated(tmp_path)) == []


@pytest.mark.parametrize("serial", ["7", "S-7 é"], ids=["plain", "wordy"])
def test_a_date_stands_for_the_hour_that_the_clock_says(bench: Bench, serial: str) -> None:
    rows = ("2024-03-01,1,2,3", "2024-3-2,1,2,3", "2024-03-02 05:00,4,5,6", "2024-02-30,1,2,3", "2024-03,1,2,3")
    result = bench.ingest(smart("2024-03-01_2024-03-02", *(f"{serial},{row}" for row in rows)))

    assert stored(bench) == [
        (serial, "2024-03-02 00:00:00", 1, 2, 3),
        (serial, "2024-03-02 05:00:00", 4, 5, 6),
        (serial, "2024-03-03 00:00:00", 1, 2, 3),
    ]
    assert result["counts"]["rowsQuarantined"] == 2
    assert {row[0] for row in bench.rows("quarantine", "rule")} == {"wrong_type:ts"}
    covered = bench.rows("ingest_log", "string(covers_from)", "string(covers_to)")
    assert covered == [("2024-03-01 00:00:00", "2024-03-03 00:00:00")]
    assert {day for (day,) in bench.rows("completeness", "string(day)")} == {"2024-03-01", "2024-03-02"}


def test_a_row_or_a_file_may_lack_an_optional_value_alone(bench: Bench) -> None:
    bench.ingest(smart("2024-03-01", "7,2024-03-01,1,,", "8,2024-03-01,,2,3", "9,2024-03-01,1,x,3"))
    bench.ingest(smart("2024-03-02", "7,2024-03-02,5", header="serial,day,load"))
    result = bench.ingest(smart("2024-03-03", "7,2024-03-03,5", header="serial,day,heat"))

    assert stored(bench) == [("7", "2024-03-02 00:00:00", 1, None, None), ("7", "2024-03-03 00:00:00", 5, None, None)]
    assert result["counts"]["filesQuarantined"] == 1
    assert [row[0] for row in bench.rows("quarantine", "rule")] == [
        "missing_column",
        "missing_value:load",
        "wrong_type:heat",
    ]


def test_a_later_file_fills_in_what_an_earlier_one_lacked(bench: Bench) -> None:
    bench.ingest(smart("2024-03-01", "7,2024-03-01,1", header="serial,day,load"))
    bench.ingest(smart("2024-03-01", "7,2024-03-01,1,2,3"))

    assert stored(bench) == [("7", "2024-03-02 00:00:00", 1, 2, 3)]


def test_without_a_fleet_a_day_is_expected_of_whoever_has_sent_within_a_week(bench: Bench) -> None:
    """Drive 1 sends on, 2 comes on the 3rd, 3 falls silent after the 2nd."""
    senders = {day: {1, *([2] if day >= 3 else []), *([3] if day <= 2 else [])} for day in range(1, 13)}

    def drop(*days: int) -> dict[str, str | bytes]:
        return {
            path: text
            for day in days
            for path, text in smart(
                f"2024-03-{day:02d}", *(f"{who},2024-03-{day:02d},1,2,3" for who in senders[day])
            ).items()
        }

    bench.ingest(drop(2, 3, 4, 5, 6, 7, 8, 9))
    bench.ingest(drop(10, 11, 12))
    bench.ingest(drop(1))
    expected = bench.rows("completeness", "serial", "day(day)", "expected")

    wanted = {1: range(2, 13), 2: range(4, 13), 3: range(2, 10)}
    assert expected == [(str(who), day, int(day in wanted[who])) for who in wanted for day in sorted(senders, key=str)]
    assert bench.ingest(drop(*senders))["counts"]["rowsDuplicate"] == 24
    assert bench.rows("completeness", "serial", "day(day)", "expected") == expected


def test_a_fleet_may_have_no_facts(bench: Bench) -> None:
    bench.scenario = replace(bench.scenario, fleet=Fleet("drives"))
    assert faults_of(bench.scenario) == []
    both = [f"{who},2024-03-01,1,2,3" for who in (7, 8)]
    bench.ingest({"drives/2024-03-01.csv": "serial\n7\n8\n", **smart("2024-03-01", *both)})
    result = bench.ingest({"drives/2024-03-02.csv": "serial\n7\n", **smart("2024-03-02", "7,2024-03-02,1,2,3")})

    assert bench.rows("drives", "serial") == [("7",), ("8",)]
    assert result["counts"]["rowsDuplicate"] == 1
    listed = bench.rows("snapshots", "string(valid_at)", "entities")
    assert listed == [("2024-03-02 00:00:00", ["7", "8"]), ("2024-03-03 00:00:00", ["7"])]


def many(scenario: Scenario) -> Scenario:
    """With more values than there are bits for their rules."""
    values = tuple(Reading(f"v{number}", largest=100) for number in range(30))
    return replace(scenario, readings=replace(scenario.readings, values=values))


def test_a_source_may_have_more_columns_than_a_mask_has_bits(bench: Bench) -> None:
    bench.scenario = many(bench.scenario)
    header = ",".join(["serial", "day", *(f"v{number}" for number in range(30))])
    good, bad, empty = (",".join(["7", f"2024-03-0{day}", *cells]) for day, cells in _cells())
    result = bench.ingest(smart("2024-03-01_2024-03-03", good, bad, empty, header=header))

    assert result["counts"]["rowsAccepted"] == 1
    rules = bench.rows("quarantine", "rule", "rules")
    assert [(rule, sorted(broken)) for rule, broken in rules] == [
        ("missing_value", ["missing_value"]),
        ("wrong_type", ["not_finite", "wrong_type"]),
    ]


def _cells() -> list[tuple[int, list[str]]]:
    return [(1, ["1"] * 30), (2, ["x", "y", "NaN", *["1"] * 27]), (3, ["", "", *["1"] * 28])]


def test_the_names_of_files_are_those_of_the_days_that_they_hold(tmp_path: Path) -> None:
    coverage = dated(tmp_path).coverage
    span = coverage.covers("smart/2024-03-01.csv")

    assert span == (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 2, tzinfo=UTC))
    assert [str(day) for day in coverage.days(span)] == ["2024-03-01"]
    assert coverage.covers("smart/9999-12-31.csv") is not None
    assert coverage.ends(span[0].date()) - span[0] == timedelta(days=1)
