"""What a person is shown beside a prediction: readings before the point, the own normal, and what happened; of real
tables.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fleet import job
from pdm import SCENARIO, SENSORS, TABLES
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables
from batchkeeper.scoring import evidence
from batchkeeper.scoring.evidence import Evidence, ranked
from batchkeeper.tables.features import features_table

AS_OF = datetime(2015, 1, 10, 6, tzinfo=UTC)


def stamp(hours: float) -> str:
    """SQL: so many hours before the point."""
    return f"TIMESTAMP '{AS_OF - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}+00:00'"


@pytest.fixture
def tables(spark: SparkSession, schema: str) -> Tables:
    found = Tables(spark, "spark_catalog", schema)
    found.ensure(*TABLES, features_table(SCENARIO))

    def insert(table: str, columns: str, *rows: str) -> None:
        spark.sql(f"INSERT INTO {found.name(table)} ({columns}) VALUES {', '.join(rows)}")

    readings = [(1, 0, 170.123456), (1, 167, 150.0), (1, 168, 1.0), (1, -1, 2.0), (2, 5, 99.0), (3, 3, 160.0)]
    insert(
        "telemetry",
        "machine_id, ts, volt, rotate, pressure, vibration",
        *(f"({machine}, {stamp(hours)}, {volt}, 400, 100, 40)" for machine, hours, volt in readings),
        f"(1, {stamp(10)}, 1e6, 400, 100, 40)",
    )
    normal = ", ".join(f"{name}_normal_mean, {name}_normal_sd" for name in SENSORS)
    happened = "error1_hours_since, error2_hours_since, comp1_age_hours, comp2_age_hours"
    nothing = ", ".join(["NULL"] * 8)
    insert(
        "features",
        f"machine_id, as_of, {normal}, {happened}",
        f"(1, {stamp(0)}, 171.5, 14.2, 440, 50, 100, 10, NULL, NULL, NULL, 14.25, 100, 300)",
        # Of the day before: what the latest point has forgotten, and what it knows as well.
        f"(1, {stamp(12)}, {nothing}, 3.5, 2.25, 88, 288)",
        f"(1, {stamp(180)}, {nothing}, 1, NULL, NULL, NULL)",
        f"(1, {stamp(-12)}, {nothing}, 1, 1, 1, 1)",
    )
    return found


def written(tables: Tables, folder: Path, entities: list[int]) -> dict[str, Any]:
    run = job(tables.schema, folder, "scoring-1")
    Evidence(tables, SCENARIO, run, AS_OF).write(entities)
    document: dict[str, Any] = json.loads((folder / "results/scoring-1/evidence.json").read_text())
    return document


def test_it_holds_the_days_before_the_point_and_nothing_after_it(tables: Tables, tmp_path: Path) -> None:
    document = written(tables, tmp_path, [1, 3])

    assert (document["from"], document["asOf"]) == ("2015-01-03T06:00:00Z", "2015-01-10T06:00:00Z")
    assert document["stepSeconds"] == 3600
    assert document["values"][0] == {"name": "volt", "unit": "V"}
    assert document["entities"].keys() == {"1", "3"}
    one = document["entities"]["1"]
    assert len(one["readings"]["volt"]) == 168
    # A value beyond what the sensor can say is missing, as it is for the features.
    known = {place: value for place, value in enumerate(one["readings"]["volt"]) if value is not None}
    assert known == {0: 150.0, 167: 170.12}
    assert one["readings"]["rotate"][157] == 400
    assert one["normal"] == {"volt": [171.5, 14.2], "rotate": [440, 50], "pressure": [100, 10]}
    assert [(mark["kind"], mark["name"], mark["at"]) for mark in one["marks"]] == [
        ("maintenance", "comp1", "2015-01-06T02:00:00Z"),
        ("event", "error1", "2015-01-09T14:30:00Z"),
        ("event", "error2", "2015-01-09T15:45:00Z"),
    ]
    assert document["entities"]["3"]["marks"] == []
    assert document["entities"]["3"]["normal"] == {}


def test_of_longer_spans_it_has_means(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_MOST_PLACES", 7)
    rows = f"(1, {stamp(1)}, 180.0), (1, {stamp(24)}, 9.0)"
    tables.spark.sql(f"INSERT INTO {tables.name('telemetry')} (machine_id, ts, volt) VALUES {rows}")
    document = written(tables, tmp_path, [1])

    assert document["stepSeconds"] == 86_400
    assert document["entities"]["1"]["readings"]["volt"] == [150.0, None, None, None, None, 9.0, 175.06]


def test_it_is_bounded_whoever_is_at_risk(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_MOST_NUMBERS", 2 * 4 * 168)
    monkeypatch.setattr(evidence, "_MOST_MARKS", 1)
    document = written(tables, tmp_path, [1, 2, 3])

    assert document["entities"].keys() == {"1", "2"}
    assert [mark["name"] for mark in document["entities"]["1"]["marks"]] == ["error2"]


def test_nobody_at_risk_is_a_file_without_entities(tables: Tables, tmp_path: Path) -> None:
    assert written(tables, tmp_path, [])["entities"] == {}


def test_who_is_high_in_any_list_comes_first() -> None:
    lists = [[{"id": 7}, {"id": 7}, {"id": 9}], [{"id": 3}, {"id": 9}, {"id": 7}]]

    assert ranked(lists, "id") == [7, 3, 9]
