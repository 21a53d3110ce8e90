"""The same key twice: in a file, over files and runs, in any order. The later (last-modified, path, ETag) wins; no
write is in vain.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from drop_bench import FIRST, MACHINES, Bench, reading, telemetry

pytestmark = pytest.mark.slow

HOUR = "2015-11-15 01:00:00"
PATH = "telemetry/2015-11-15.csv"


def volts(bench: Bench) -> list[tuple[str, float]]:
    return bench.rows("telemetry", "string(ts)", "volt")


def test_repetition_and_unchanged_day_write_nothing(bench: Bench) -> None:
    content = telemetry(reading(HOUR), reading(HOUR), reading("2015-11-15 02:00:00"), "2015-11-15 03:00:00,1,bad,1,1,1")
    parameters = bench.freeze({"machines/2015-11-15.csv": MACHINES, PATH: content, "errors/2015-11-15.csv": ""})
    first = bench.run(parameters)
    assert first["counts"]["rowsDuplicate"] == 1
    before, rows = bench.versions(), bench.content()
    again = bench.run(parameters)
    assert bench.versions() == before
    assert bench.content() == rows
    assert again["counts"] == first["counts"]
    # The same day once more, as another drop of another run: only the books about files change.
    redelivered = bench.ingest({PATH: content + "\r\n"})
    assert redelivered["counts"]["rowsAccepted"] == 0
    assert redelivered["counts"]["rowsDuplicate"] == 3
    after = bench.versions()
    assert {name for name in after if after[name] != before[name]} == {
        "ingest_files",
        "ingest_log",
        "quarantine",
        "confirmed",
    }


def test_random_arrival_orders_give_identical_values(bench: Bench) -> None:
    """Versions of one day, one of which goes back to an earlier value, arrive in random order; the last delivered must
    stand.
    """
    versions = {
        0: telemetry(reading(HOUR, volt=101), reading("2015-11-15 02:00:00", volt=201)),
        1: telemetry(reading(HOUR, volt=102), reading("2015-11-15 02:00:00", volt=201)),
        2: telemetry(reading(HOUR, volt=101), reading("2015-11-15 03:00:00", volt=301)),
    }
    bench.ingest({"machines/2015-11-15.csv": MACHINES})
    chosen = random.Random(7)
    orders = [[0, 2, 1], chosen.sample(sorted(versions), 3)]
    for number, order in enumerate(orders):
        day = f"2015-11-{15 + number}"
        for version in order:
            path = f"telemetry/{day}.csv"
            bench.ingest(
                {path: versions[version].replace("2015-11-15", day)},
                modified={path: FIRST + timedelta(days=number, hours=version)},
            )
        values = [(hour.replace(day, "D"), volt) for hour, volt in volts(bench) if hour.startswith(day)]
        assert values == [("D 01:00:00", 101.0), ("D 02:00:00", 201.0), ("D 03:00:00", 301.0)]
        lost = bench.rows("history", "row_key", "row_values")
        assert any(day in key and '"volt":102.0' in value for key, value in lost)
        assert not any(day in key and '"volt":201.0' in value for key, value in lost)


def test_conflicts_inside_one_batch(bench: Bench) -> None:
    result = bench.ingest(
        {
            "machines/2015-11-15.csv": MACHINES,
            "telemetry/2015-11-15.csv": telemetry(reading(HOUR, volt=101), reading(HOUR, volt=102)),
            "telemetry/2015-11-14_2015-11-15.csv": telemetry(reading(HOUR, volt=103)),
        },
        modified={"telemetry/2015-11-15.csv": FIRST + timedelta(days=2)},
    )
    assert volts(bench) == [(HOUR, 102.0)]
    assert sorted(value[8:13] for (value,) in bench.rows("history", "row_values")) == sorted(["101.0", "103.0"])
    assert result["counts"]["rowsDuplicate"] == 2
