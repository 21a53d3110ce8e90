"""A fleet that shrinks and grows, from drops to features: who has points, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from plant import Drops, Plant, day, delivery, halves, snapshot
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables


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
