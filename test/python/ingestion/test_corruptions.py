"""Whatever is wrong with some files of a batch, the good ones are stored, and every file is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from corruptions import damaged
from drop_bench import MACHINES, Bench, reading, telemetry

GOOD_DAYS = (3, 12, 21)
DELIVERED = datetime(2015, 12, 1, tzinfo=UTC)


def expect_good_ones_stored(bench: Bench, seeds: range) -> None:
    """Ingests the damaged drops among good ones."""
    good = {
        f"telemetry/2015-11-{day:02d}.csv": [
            reading(f"2015-11-{day:02d} {hour:02d}:00:00", 1, 160 + hour) for hour in range(6)
        ]
        for day in GOOD_DAYS
    }
    bench.modified = DELIVERED
    bad = dict(damaged(seed, 4 + seed % 8) for seed in seeds)
    result = bench.ingest(
        {"machines/2015-11-01.csv": MACHINES, **bad, **{path: telemetry(*lines) for path, lines in good.items()}}
    )

    rows = bench.tables.read("telemetry").join(bench.tables.read("ingest_files"), "file_id").where("machine_id = 1")
    stored = rows.selectExpr("source_path", "date_format(ts, 'yyyy-MM-dd HH:mm:ss') AS at", "volt").collect()
    found = {(row["source_path"], row["at"], row["volt"]) for row in stored}
    wanted = {(path, line.split(",")[0], float(line.split(",")[2])) for path, lines in good.items() for line in lines}
    assert wanted - found == set()
    counts = result["counts"]
    assert counts["filesListed"] == len(bad) + len(good) + 1 == len(bench.rows("ingest_log", "source_path"))
    assert counts["filesRead"] >= len(good) + 1
    # Nothing but the voltages that were delivered: a damaged text is no other value.
    assert all(50 <= row["volt"] <= 320 for row in stored)


@pytest.mark.parametrize(("first", "staged_bytes"), [(0, 1), (70, 2**30), (140, 1)])
def test_two_hundred_damaged_files(bench: Bench, first: int, staged_bytes: int) -> None:
    bench.staged_bytes = staged_bytes
    expect_good_ones_stored(bench, range(first, first + 70))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 3000, 100))
def test_two_thousand_damaged_files(bench: Bench, first: int) -> None:
    expect_good_ones_stored(bench, range(first, first + 100))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5000, 5060))
def test_each_damaged_file_alone_among_good_ones(bench: Bench, seed: int) -> None:
    expect_good_ones_stored(bench, range(seed, seed + 1))
