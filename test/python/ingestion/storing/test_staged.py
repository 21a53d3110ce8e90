"""A delivery that is staged ends like one that is parsed again for each pass; so does one with every cell in quotes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry
from pdm import COVERAGE, ERRORS, TELEMETRY
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.rows.row_counts import keys_are_unique, one_count_per_row, summed_counts

SOUND = [reading(f"2015-11-15 {hour:02d}:00:00", machine, 150 + hour / 3) for hour in range(1, 6) for machine in (1, 2)]
DELIVERIES = {
    "sound": SOUND,
    "an unknown machine": [*SOUND, reading("2015-11-15 01:00:00", 77)],
    "values out of range": [*SOUND[:5], reading(volt=5000), "x,1,1,1,1,1", *SOUND[5:]],
    "a key twice": [*SOUND, reading("2015-11-15 02:00:00", 1, 199)],
    "an unusual value": [*SOUND, reading("2015-11-15 06:00:00", 1, 300)],
}


def quoted(line: str) -> str:
    return ",".join(f'"{cell}"' for cell in line.split(","))


@pytest.mark.parametrize("lines", DELIVERIES.values(), ids=DELIVERIES)
def test_staged_and_not_staged_agree(bench: Bench, lines: list[str]) -> None:
    """The first batch of a table takes its short ways only when it is staged."""
    other = Bench(
        Tables(bench.tables.spark, "spark_catalog", f"{bench.tables.schema}_s"), bench.volume / "s", staged_bytes=1
    )
    try:
        results = []
        for one in (bench, other):
            drops: dict[str, str | bytes] = {
                "machines/2015-11-15.csv": MACHINES,
                "telemetry/2015-11-15.csv": telemetry(*lines),
            }
            results.append(one.ingest(drops, run_id="scoring-1"))
        assert other.content() == bench.content()
        assert results[0]["counts"] == results[1]["counts"]
        assert results[0]["counts"]["rowsAccepted"] > len(SOUND)
    finally:
        bench.tables.spark.sql(f"DROP SCHEMA IF EXISTS {other.tables.schema} CASCADE")


def test_cells_in_quotes_are_the_same_cells(bench: Bench) -> None:
    lines = [
        reading("2015-11-14 07:00:00"),
        reading("2015-11-14 08:00:00", volt="1e2"),
        reading("2015-11-14 09:00:00", volt=" 99.5 "),
    ]
    lines += [
        reading("2015-11-14 10:00:00", volt=""),
        reading("2015-11-14 11:00:00", volt="NaN"),
        reading("2015-11-14 12:00:00") + ",7",
    ]
    later = [quoted(line.replace("2015-11-14", "2015-11-13")) for line in lines]
    drops: dict[str, str | bytes] = {"machines/2015-11-14.csv": MACHINES, "telemetry/2015-11-14.csv": telemetry(*lines)}
    bench.ingest({**drops, "telemetry/2015-11-13.csv": telemetry(*later)})
    rows = bench.rows("telemetry", "day(ts)", "hour(ts)", "volt")
    assert (
        [row[1:] for row in rows if row[0] == 14]
        == [row[1:] for row in rows if row[0] == 13]
        == [(7, 170.5), (8, 100.0), (9, 99.5)]
    )
    assert bench.rows("quarantine", "source_path", "line", "rule") == [
        (f"telemetry/2015-11-{day}.csv", line, rule)
        for day in (13, 14)
        for line, rule in ((5, "missing_value:volt"), (6, "not_finite:volt"), (7, "malformed"))
    ]


@pytest.mark.parametrize(
    ("hours", "proven"),
    [
        ((7, 8, 9), True),
        ((7, 8, 8), False),
        ((7, 8, 8.5), False),
        # One file's day ends at six in the morning, so that hour 31 lies in the next one.
        ((7, 31), True),
        (tuple(range(7, 31)), True),
    ],
)
def test_only_rows_in_steps_of_their_own_prove_that_keys_are_unique(
    spark: SparkSession, hours: tuple[float, ...], proven: bool
) -> None:
    start = datetime(2015, 11, 15, tzinfo=UTC).timestamp()
    frame = spark.createDataFrame([(1, start + 3600 * hour) for hour in hours], "machine_id int, second double")
    rows = frame.selectExpr("machine_id", "timestamp_seconds(second) AS ts")
    row_counts = summed_counts(one_count_per_row(rows, TELEMETRY, "machine_id", COVERAGE))
    assert keys_are_unique(row_counts, TELEMETRY, "machine_id") is proven
    # An event may come twice in an hour: nothing is proven of it.
    assert not keys_are_unique(row_counts, ERRORS, "machine_id")
