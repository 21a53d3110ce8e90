"""A fleet that shrinks and grows, from drops to features: who has points, in any order of arrival, and what is told of
it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pdm import FEATURE_NAMES, SCENARIO
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.features.step import run_features
from batchkeeper.ingestion.step import Ingestion

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
    return {
        f"machines/{day(number)}.csv": "\n".join(
            ["machineID,model,age", *(f"{machine},model1,{machine}" for machine in machines)]
        )
    }


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

    def batch(self, *drops: Mapping[str, str], run_id: str = "") -> dict[str, Any]:
        """One run over these drops, each delivered half an hour after the end of the day in its name; returns the
        features' exit JSON.
        """
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
            files.append(
                {"path": path, "source": path.partition("/")[0], "frozenPath": frozen, "etag": f"0x{abs(hash(text)):X}"}
            )
            files[-1] |= {"size": len(text), "lastModified": modified}
        manifest = {
            "manifestVersion": 1,
            "runId": run,
            "pipeline": "scoring",
            "reason": "drops",
            "window": None,
            "files": files,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        job = JobParameters(
            run, f"batches/{run}/manifest.json", None, None, self.tables.catalog, self.tables.schema, str(self.volume)
        )
        Ingestion(self.tables, SCENARIO, job).run()
        exit_json: dict[str, Any] = json.loads(run_features(self.tables, SCENARIO, job).to_json())
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


def halves(first: int, last: int) -> list[str]:
    """The points from 18:00 of the day before `first` to 06:00 of `last`."""
    return [
        f"{day(number + shift):%m-%d} {hour}"
        for number in range(first, last + 1)
        for shift, hour in ((-1, "18"), (0, "06"))
    ]


class Story:
    """Eight days in six batches; `told` are the warnings of the features step, by batch.

    Machine 1 is always there and 2 is away on the third and fourth day. Machine 3 sends a day before it is registered,
    4 is registered and sends nothing, 7 sends before any snapshot came and stands in none.
    """

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.told: dict[str, list[str]] = {}
        self.status = {
            "strangers": self._batch("strangers", delivery(1, 1, 2, 7)),
            "first": self._batch("first", snapshot(2, 1, 2), delivery(2, 1, 2)),
            "leave": self._batch("leave", snapshot(3, 1), delivery(3, 1, 3)),
        }
        self.after_leave = plant.points(2)
        written = ("features", "presence", "feature_progress", "snapshots", "touched", "ingest_log")
        before, said = plant.tables.versions(written), self.told["leave"]
        self.status["leave again"] = self._batch("leave", snapshot(3, 1), delivery(3, 1, 3))
        self.repeated = (plant.tables.versions(written) == before, self.told["leave"] == said)
        self._batch("join", snapshot(4, 1, 3, 4), delivery(4, 1, 3, hours=range(5, 25)))
        self._batch("return", snapshot(5, 1, 2, 3, 4), delivery(5, 1, 2, 3))
        bad_value = "machineID,model,age\n1,model1,1\n2,model1,999\n3,model1,3\n4,model1,4\n"
        odd = {f"machines/{day(6)}.csv": bad_value, f"machines/{day(7)}.csv": "machineID,age\n1,1\n"}
        odd |= {f"machines/{day(8)}.csv": "machineID,model,age\n"}
        self._batch("odd", odd, *(delivery(number, 1, 2, 3) for number in (6, 7, 8)))

    def _batch(self, run_id: str, *drops: Drops) -> str:
        result = self.plant.batch(*drops, run_id=run_id)
        self.told[run_id] = result["warnings"]
        if run_id == "leave":
            self.outcome = json.loads((self.plant.volume / result["outcomePath"]).read_text())["fleet"]
        return str(result["status"])


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    spark.sql("CREATE SCHEMA test_fleet_story")
    yield Story(Plant(Tables(spark, "spark_catalog", "test_fleet_story"), tmp_path_factory.mktemp("story") / "volume"))
    spark.sql("DROP SCHEMA test_fleet_story CASCADE")


STRANGER = "1 machines have readings and stand in no snapshot, so they have no points: 7"


def test_a_machine_that_is_gone_from_the_newest_snapshot_gets_no_more_points_and_is_told(story: Story) -> None:
    left = "machine 2 left: last snapshot or reading 2015-11-03T06:00:00Z, not in machines/2015-11-04.csv"

    assert story.after_leave == halves(1, 2)
    assert story.told["leave"] == [left, STRANGER]
    assert story.outcome == [left]
    assert story.plant.points(1) == halves(1, 8)


def test_a_new_machine_has_points_from_its_first_snapshot_or_reading_on(story: Story) -> None:
    # The readings of 3 on the third day are in quarantine: nobody had said yet who it is.
    assert story.plant.points(3) == halves(4, 8)
    assert story.plant.points(4) == ["11-05 06", *halves(5, 8)]
    assert story.told["join"][:2] == [
        "machine 3 is there: first snapshot or reading 2015-11-04T11:00:00Z",
        "machine 4 is there: first snapshot or reading 2015-11-05T06:00:00Z",
    ]


def test_leaving_and_coming_back_leaves_a_hole_and_is_told(story: Story) -> None:
    assert story.plant.points(2) == [*halves(1, 2), *halves(5, 8)]
    assert story.told["return"] == ["machine 2 came back: next snapshot or reading 2015-11-05T07:00:00Z", STRANGER]
    assert [row[1:] for row in story.plant.stretches() if row[0] == 2] == [
        ("11-01 06", "11-03 06", "machines/2015-11-04.csv"),
        ("11-05 07", None, None),
    ]


def test_snapshots_with_a_bad_value_set_aside_or_empty_send_nobody_away(story: Story) -> None:
    empty = "machines/2015-11-09.csv: is empty or has rows without a machine, so nobody is taken to have left with it"

    assert story.told["odd"] == [STRANGER, empty]
    assert len([row for row in story.plant.stretches() if row[2] is None]) == 4


def test_readings_of_a_machine_that_no_snapshot_lists_are_told_and_make_no_points(story: Story) -> None:
    assert story.status["strangers"] == "not_ready"
    assert story.told["first"] == [STRANGER]
    assert story.plant.points(7) == []


def test_repeating_a_run_writes_nothing_and_tells_the_same(story: Story) -> None:
    assert story.repeated == (True, True)


def _days() -> list[Drops]:
    """Ten days: 2 leaves on the third and is back on the sixth, 3 leaves for good in the night after the fourth, 4
    comes on the seventh.
    """
    found: list[Drops] = []
    for number in range(1, 11):
        fleet = [
            1,
            *([2] if number < 3 or number >= 6 else []),
            *([3] if number < 5 else []),
            *([4] if number >= 7 else []),
        ]
        found.append(delivery(number, *fleet))
        if number != 8:
            found.append(snapshot(number, *fleet))
    late = delivery(5, 3, hours=range(1, 9))[f"telemetry/{day(5)}.csv"]
    return [*found, {f"telemetry/{day(5)}_{day(5)}.csv": late}]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_of_arrival_leads_to_the_same_points_and_stretches(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
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
