"""Blob names are data: whatever a source calls its drops, good neighbours are stored and nothing counts as read that
was not.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry

FOREIGN = (
    "telemetry/_2015-11-01.csv",
    "telemetry/.hidden/2015-11-02.csv",
    "telemetry/line[1]/2015-11-03.csv",
    "telemetry/{a,b}/2015-11-04.csv",
    "telemetry/line?/2015-11-05.csv",
    "telemetry/lineA/2015-11-06.csv",
    "telemetry/*/2015-11-07.csv",
    "telemetry/back\\slash/2015-11-08.csv",
    "telemetry/12:30/2015-11-09.csv",
    "telemetry/100% été 温度 a=b/2015-11-10.csv",
    "telemetry/'quo\"te'\n/2015-11-11.csv",
    "telemetry/.2015-11-12.csv",
)
ONLY_COPIED = (
    "telemetry//2015-11-06.csv",
    "telemetry/2015-11-06.csv/2015-11-13.csv",
    f"telemetry/{'x' * 400}/2015-11-14.csv",
    "telemetry/2015-11-06.csv",
)


PACKED = "telemetry/_2015-11-15.csv.gz"


def by_path(bench: Bench) -> dict[str, float]:
    rows = bench.tables.read("telemetry").join(bench.tables.read("ingest_files"), "file_id")
    return {row["source_path"]: row["volt"] for row in rows.select("source_path", "volt").collect()}


@pytest.mark.parametrize(
    ("paths", "in_place"), [((*FOREIGN, *ONLY_COPIED), False), (FOREIGN, True)], ids=["copied", "in place"]
)
def test_any_name_is_read_once_and_whole(bench: Bench, paths: tuple[str, ...], in_place: bool) -> None:
    """One reading a file: its hour is the place of the path, its voltage too."""
    drops: dict[str, str | bytes] = {
        path: telemetry(reading(f"2015-11-01 {hour:02d}:00:00", volt=100 + hour)) for hour, path in enumerate(paths)
    }
    drops[PACKED] = gzip.compress(telemetry(reading("2015-11-01 23:00:00", volt=123)).encode())
    bench.modified = datetime(2015, 12, 1, tzinfo=UTC)
    result = bench.ingest({"machines/2015-11-01.csv": MACHINES, **drops}, in_place=in_place)
    assert by_path(bench) == {**{path: 100.0 + hour for hour, path in enumerate(paths)}, PACKED: 123.0}
    assert result["counts"]["filesRead"] == len(drops) + 1
    assert result["counts"]["rowsRead"] == result["counts"]["rowsAccepted"] == len(drops) + 2


DISTANT = {
    "telemetry/0001-01-01.csv": "name_before_start",
    "telemetry/0002-05-06_2015-11-01.csv": "name_before_start",
    "telemetry/1970-01-01.csv": "name_before_start",
    "telemetry/2015-11-03_2051-11-04.csv": "name_after_delivery",
    "telemetry/9999-12-31.csv": "name_after_delivery",
    "telemetry/2015-12-24.csv": "name_after_delivery",
}


UNDATED = ("0000-01-01", "2015-02-30", "2015-11-03_2015-11-01", "latest")


def test_a_name_outside_the_time_of_the_scenario_is_set_aside(bench: Bench) -> None:
    """The delivery is of 15 November 2015; data of long ago delivered now are none of this kind, nor are names without
    a real day.
    """
    good: dict[str, str | bytes] = {
        "machines/2015-11-15.csv": MACHINES,
        "telemetry/2015-11-15.csv": telemetry(reading()),
    }
    undated = {
        f"telemetry/{name}.csv": telemetry(reading(f"2015-11-01 {hour:02d}:00:00")) for hour, name in enumerate(UNDATED)
    }
    result = bench.ingest(
        {**good, **undated, **{path: telemetry(reading("2015-11-14 01:00:00", volt=199)) for path in DISTANT}}
    )
    assert result["counts"]["filesRead"] == len(good) + len(undated)
    assert bench.rows("telemetry", "volt") == [(170.5,)] * (1 + len(undated))
    assert dict(bench.rows("quarantine", "source_path", "rule")) == DISTANT
    covered = bench.tables.read("ingest_log").where("covers_to IS NOT NULL")
    assert {row["source_path"] for row in covered.collect()} == set(good)
    assert any("2051-11-04" in warning and "after its delivery" in warning for warning in result["warnings"])
    assert sum("undated_name" in warning for warning in result["warnings"]) == len(undated)
