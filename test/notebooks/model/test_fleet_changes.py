"""A fleet that shrinks and grows, from drops to features: who has points, in any order of arrival, and what is told of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from batchkeeper.ingest import Ingestion
from batchkeeper.parameters import JobParameters
from batchkeeper.results import StepResult
from batchkeeper.tables import Tables
from predictive_maintenance.feature_set import FEATURE_NAMES
from predictive_maintenance.feature_store import run_features
from predictive_maintenance.sources import SCENARIO

Drops = dict[str, str]
HEADERS = {
    "telemetry": "datetime,machineID,volt,rotate,pressure,vibration",
    "errors": "datetime,machineID,errorID",
    "maint": "datetime,machineID,comp",
    "failures": "datetime,machineID,failure",
}
FIRST = date(2015, 11, 2)


def day(number: int) -> date:
    """Day 1 is the first."""
    return FIRST + timedelta(days=number - 1)


def snapshot(number: int, *machines: int) -> Drops:
    """The fleet as of 06:00 of a day."""
    return {f"machines/{day(number)}.csv": "\n".join(["machineID,model,age", *(f"{machine},model1,{machine}" for machine in machines)])}


def delivery(number: int, *machines: int, hours: range = range(1, 25)) -> Drops:
    """The files of a day: readings of these machines at some of its hours, and no event."""
    start = datetime.combine(day(number - 1), datetime.min.time()) + timedelta(hours=6)
    rows = [
        f"{start + timedelta(hours=hour)},{machine},{160 + machine + hour / 8},450.25,100.5,40.125"
        for machine in machines
        for hour in hours
    ]
    found = {f"{source}/{day(number)}.csv": f"{header}\n" for source, header in HEADERS.items()}
    return found | {f"telemetry/{day(number)}.csv": "\n".join([HEADERS["telemetry"], *rows])}


@dataclass
class Plant:
    """Ingests batches and builds their features, as runs of the pipeline would."""

    tables: Tables
    volume: Path
    runs: int = 0
    last: StepResult | None = field(default=None)

    def batch(self, *drops: Mapping[str, str], run_id: str = "") -> dict[str, Any]:
        """One run over these drops, each delivered half an hour after the end of the day in its name; returns the features' exit JSON."""
        self.runs += 1
        run = run_id or f"scoring-20151115t063000-{self.runs:08x}"
        folder = self.volume / "batches" / run
        files = []
        for number, (path, text) in enumerate(item for part in drops for item in part.items()):
            target = folder / "files" / f"{number:06}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            frozen = f"batches/{run}/files/{target.name}"
            modified = f"{path.partition('/')[2].partition('.')[0][-10:]}T06:30:00Z"
            files.append({"path": path, "source": path.partition("/")[0], "frozenPath": frozen, "etag": f"0x{abs(hash(text)):X}"})
            files[-1] |= {"size": len(text), "lastModified": modified}
        manifest = {"manifestVersion": 1, "runId": run, "pipeline": "scoring", "reason": "drops", "window": None, "files": files}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        job = JobParameters(run, f"batches/{run}/manifest.json", None, None, self.tables.catalog, self.tables.schema, str(self.volume))
        Ingestion(self.tables, SCENARIO, job).run()
        exit_json: dict[str, Any] = json.loads(run_features(self.tables, job).to_json())
        return exit_json

    def points(self, machine: int) -> list[str]:
        """The as-of points of a machine, as `day hour`."""
        rows = self.tables.read("features").where(f"machine_id = {machine}").select(sf.date_format("as_of", "MM-dd HH"))
        return sorted(row[0] for row in rows.collect())

    def features(self) -> list[tuple[Any, ...]]:
        """All rows, without run and time of writing."""
        rows = self.tables.read("features").select("machine_id", sf.unix_timestamp("as_of"), *FEATURE_NAMES)
        return sorted(tuple(row) for row in rows.collect())

    def stretches(self) -> list[tuple[Any, ...]]:
        """The table of stretches, without the run that found them."""
        text = "date_format({}, 'MM-dd HH')"
        columns = ["machine_id", text.format("since"), text.format("until"), "left_with"]
        return sorted(map(tuple, self.tables.read("presence").selectExpr(*columns).collect()), key=repr)


@pytest.fixture
def plant(spark: SparkSession, schema: str, tmp_path: Path) -> Plant:
    return Plant(Tables(spark, "spark_catalog", schema), tmp_path / "volume")


def halves(first: int, last: int) -> list[str]:
    """The points from 18:00 of the day before `first` to 06:00 of `last`."""
    return [f"{day(number + shift):%m-%d} {hour}" for number in range(first, last + 1) for shift, hour in ((-1, "18"), (0, "06"))]


def test_a_machine_that_is_gone_from_the_newest_snapshot_gets_no_more_points_and_is_told(plant: Plant) -> None:
    plant.batch(snapshot(1, 1, 2), delivery(1, 1, 2))
    gone = plant.batch(snapshot(2, 1), delivery(2, 1))
    after = plant.batch(delivery(3, 1))

    assert plant.points(1) == halves(1, 3)
    assert plant.points(2) == halves(1, 1)
    assert gone["warnings"] == ["machine 2 left: last snapshot or reading 2015-11-02T06:00:00Z, not in machines/2015-11-03.csv"]
    assert json.loads((plant.volume / gone["outcomePath"]).read_text())["fleet"] == gone["warnings"]
    assert after["warnings"] == []
    assert plant.stretches()[1] == (2, "11-01 07", "11-02 06", "machines/2015-11-03.csv")


def test_a_new_machine_has_points_from_its_first_snapshot_or_reading_on(plant: Plant) -> None:
    plant.batch(snapshot(1, 1), delivery(1, 1))
    plant.batch(delivery(2, 1, 3))
    came = plant.batch(snapshot(3, 1, 3, 4), delivery(3, 1, 3, hours=range(5, 25)))
    plant.batch(delivery(4, 1, 3, 4))

    # Its readings of the second day are in quarantine: nobody had said who it is.
    assert plant.points(3) == halves(3, 4)
    assert plant.points(4) == ["11-04 06", *halves(4, 4)]
    assert came["warnings"] == [
        "machine 3 is there: first snapshot or reading 2015-11-03T11:00:00Z",
        "machine 4 is there: first snapshot or reading 2015-11-04T06:00:00Z",
    ]


def test_leaving_and_coming_back_leaves_a_hole_and_is_told(plant: Plant) -> None:
    plant.batch(snapshot(1, 1, 2), delivery(1, 1, 2))
    plant.batch(snapshot(2, 1), delivery(2, 1))
    plant.batch(snapshot(3, 1), delivery(3, 1))
    back = plant.batch(snapshot(4, 1, 2), delivery(4, 1, 2))
    still = plant.batch(delivery(5, 1))

    assert plant.points(2) == [*halves(1, 1), *halves(4, 5)]
    assert back["warnings"] == ["machine 2 came back: next snapshot or reading 2015-11-04T07:00:00Z"]
    assert still["warnings"] == []
    assert [row[1:3] for row in plant.stretches() if row[0] == 2] == [("11-01 07", "11-02 06"), ("11-04 07", None)]


@pytest.mark.parametrize("empty", ["machineID,model,age\n", "", "machineID,model,age\nx,model1,3\n"])
def test_a_snapshot_that_lists_nobody_sends_nobody_away(plant: Plant, empty: str) -> None:
    plant.batch(snapshot(1, 1, 2), delivery(1, 1, 2))
    odd = plant.batch({f"machines/{day(2)}.csv": empty}, delivery(2, 1, 2))

    assert plant.points(1) == plant.points(2) == halves(1, 2)
    assert not [warning for warning in odd["warnings"] if "left" in warning]
    assert empty == "" or "nobody is taken to have left" in odd["warnings"][0]


def test_a_snapshot_with_a_bad_value_still_lists_its_machine_and_one_that_is_set_aside_says_nothing(plant: Plant) -> None:
    plant.batch(snapshot(1, 1, 2), delivery(1, 1, 2))
    plant.batch({f"machines/{day(2)}.csv": "machineID,model,age\n1,model1,1\n2,model1,999\n"}, delivery(2, 1, 2))
    plant.batch({f"machines/{day(3)}.csv": "machineID,age\n1,1\n"}, delivery(3, 1, 2))

    assert plant.points(2) == halves(1, 3)
    assert [row[2] for row in plant.stretches()] == [None, None]


def test_readings_of_a_machine_that_no_snapshot_lists_are_told(plant: Plant) -> None:
    plant.batch(delivery(1, 1, 7))
    found = plant.batch(snapshot(2, 1), delivery(2, 1))

    assert plant.points(7) == []
    assert "1 machines have readings and stand in no snapshot, so they have no points: 7" in found["warnings"]


def test_repeating_a_run_writes_nothing_and_tells_the_same(plant: Plant) -> None:
    plant.batch(snapshot(1, 1, 2), delivery(1, 1, 2))
    first = plant.batch(snapshot(2, 1), delivery(2, 1), run_id="scoring-again")
    tables = ("features", "presence", "feature_progress", "snapshots", "touched", "ingest_log")
    versions = plant.tables.versions(tables)
    again = plant.batch(snapshot(2, 1), delivery(2, 1), run_id="scoring-again")

    assert plant.tables.versions(tables) == versions
    assert again["warnings"] == first["warnings"]


def _days() -> list[Drops]:
    """Ten days: 2 leaves on the third and is back on the sixth, 3 leaves for good in the night after the fourth, 4 comes on the seventh."""
    found: list[Drops] = []
    for number in range(1, 11):
        fleet = [1, *([2] if number < 3 or number >= 6 else []), *([3] if number < 5 else []), *([4] if number >= 7 else [])]
        found.append(delivery(number, *fleet))
        if number != 8:
            found.append(snapshot(number, *fleet))
    late = delivery(5, 3, hours=range(1, 9))[f"telemetry/{day(5)}.csv"]
    return [*found, {f"telemetry/{day(5)}_{day(5)}.csv": late}]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_of_arrival_leads_to_the_same_points_and_stretches(spark: SparkSession, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    known = snapshot(0, 1, 2, 3, 4, 5)
    drops = _parts(_days())
    found = []
    for order in (drops, chance.sample(drops, len(drops))):
        name = f"test_fleet_{seed}_{len(found)}"
        spark.sql(f"CREATE SCHEMA {name}")
        plant = Plant(Tables(spark, "spark_catalog", name), tmp_path / name)
        for number, batch in enumerate(_cut(order, 5 if found else 2)):
            # Everyone is known from the start, so that no reading is set aside as a stranger's.
            plant.batch(*([known] if number == 0 else []), *batch)
        found.append((plant.features(), plant.stretches()))
        spark.sql(f"DROP SCHEMA {name} CASCADE")

    assert found[0] == found[1]
    assert {row[0] for row in found[0][0]} == {1, 2, 3, 4}


def _parts(drops: list[Drops]) -> list[Drops]:
    return [{path: text} for drop in drops for path, text in drop.items()]


def _cut(drops: list[Drops], batches: int) -> Iterable[list[Drops]]:
    size = -(-len(drops) // batches)
    return (drops[start : start + size] for start in range(0, len(drops), size))
