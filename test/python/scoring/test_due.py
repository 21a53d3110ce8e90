"""The data decide what is scored, not the run that carries them: every point once, and a recorded reason for those that
are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fleet import job
from models import registry_in
from pdm import PREDICTIONS, SCENARIO
from pyspark.sql import SparkSession
from scored_fleet import HEADS, HISTORY, MACHINES, SCHEMA, WINDOW, Plant

from batchkeeper.delta.times import literal
from batchkeeper.errors import ParameterError
from batchkeeper.scoring import step as scoring
from batchkeeper.scoring.due import find_due
from batchkeeper.scoring.step import ScoringSettings
from batchkeeper.tables.results import SCORING_PROGRESS
from cluster.utilities.widgets import Widgets

pytestmark = pytest.mark.slow


IN_WINDOW = MACHINES * 6


@pytest.fixture(scope="module")
def plant(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("due")
    registry_in(folder)
    spark.sql(f"CREATE SCHEMA {SCHEMA}")
    yield Plant(spark, folder)
    spark.sql(f"DROP SCHEMA {SCHEMA} CASCADE")


def test_a_run_for_a_past_window_scores_the_day_that_it_carries_and_leaves_history_out(plant: Plant) -> None:
    assert plant.not_ready.status == "not_ready"
    assert plant.progress("history") == []
    day = plant.night("window")
    everything = find_due(plant.tables, SCENARIO, job(SCHEMA, plant.folder, "window", WINDOW), None)
    result = plant.score("window", WINDOW)

    assert everything.points == plant.history + 2 * MACHINES, "the policy to score all"
    assert plant.current(day) == 2 * MACHINES * HEADS
    assert result.counts["asOfPoints"] == IN_WINDOW + 2 * MACHINES
    assert result.counts["predictionsWritten"] == (IN_WINDOW + 2 * MACHINES) * HEADS
    assert result.counts["asOfPointsNotScored"] == plant.history - IN_WINDOW
    assert plant.progress("history") == [
        ("before_first_champion", plant.history - IN_WINDOW, "window"),
        ("scored", IN_WINDOW, "window"),
    ]
    assert plant.progress("window") == [("scored", 2 * MACHINES, "window")]


def test_points_of_a_run_that_failed_after_its_features_step_are_scored_by_the_next_run(plant: Plant) -> None:
    failed = plant.night("failed")
    day = plant.night("after-failed")
    result = plant.score("after-failed")
    versions = plant.versions()
    again = plant.score("after-failed")
    late = plant.score("failed")

    assert result.counts["asOfPoints"] == 4 * MACHINES
    assert result.counts["asOfPointsCaughtUp"] == 2 * MACHINES
    assert result.counts["asOfPointsNotScored"] == 0
    assert plant.current(failed) == plant.current(day) == 2 * MACHINES * HEADS
    assert again.counts == {**result.counts, "predictionsWritten": 0}
    assert late.status == "nothing_to_do", "a retry of the failed run finds its points scored"
    assert plant.versions() == versions


def test_points_of_a_run_that_ended_as_not_ready_are_scored_once_a_model_may_be_used(plant: Plant) -> None:
    doubted = plant.night("doubted")
    refused = plant.score("doubted", settings=ScoringSettings(1, "stop"))
    before = plant.current(doubted)
    plant.night("after-doubted")
    result = plant.score("after-doubted")

    assert (refused.status, before) == ("not_ready", 0)
    assert result.counts["asOfPointsCaughtUp"] == 2 * MACHINES
    assert plant.current(doubted) == 2 * MACHINES * HEADS


def test_a_scoring_that_is_killed_before_its_record_is_taken_up_without_a_second_row(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = plant.night("killed")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scoring, "record_progress", die)
        with pytest.raises(KeyboardInterrupt):
            plant.score("killed")
    written = plant.current(day)
    next_day = plant.night("after-killed")
    result = plant.score("after-killed")

    assert written == 2 * MACHINES * HEADS
    assert result.counts["asOfPoints"] == 4 * MACHINES
    assert result.counts["predictionsWritten"] == 2 * MACHINES * HEADS
    assert plant.current(day) == plant.current(next_day) == written
    assert plant.twice() == 0


def test_two_runs_at_once_score_each_point_once(plant: Plant) -> None:
    day = plant.night("twin-1")
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(plant.score, ["twin-1", "twin-2", "twin-3"]))

    assert {result.status for result in results} <= {"ok", "nothing_to_do"}
    assert plant.current(day) == 2 * MACHINES * HEADS
    assert plant.twice() == 0
    assert plant.score("after-twins").status == "nothing_to_do"


def test_points_that_late_rows_change_are_taken_again_and_history_that_was_never_scored_is_not(plant: Plant) -> None:
    # The last hours of one machine are late; and one reading of the days before the window.
    end = datetime.combine(HISTORY + timedelta(days=plant.nights + 1), datetime.min.time(), UTC) + timedelta(hours=6)
    late = f"machine_id = 3 AND ts > {literal(end - timedelta(hours=9))}"
    day = plant.night("early", late)
    plant.score("early")
    plant._load("late", day)
    old = WINDOW[0] - timedelta(days=20)
    telemetry = plant.tables.name("telemetry")
    plant.tables.spark.sql(f"UPDATE {telemetry} SET volt = volt + 50 WHERE machine_id = 5 AND ts = {literal(old)}")
    touched = plant.tables.name("touched")
    plant.tables.spark.sql(
        f"INSERT INTO {touched} VALUES ('late', 'telemetry', 5, {literal(old)}, {literal(old)}, current_timestamp())"
    )
    changed = plant.features("late").counts["asOfPointsChanged"]
    result = plant.score("after-late")
    revised = plant.tables.read(PREDICTIONS.name).where("revision > 1 AND machine_id IN (3, 5)")

    # Of the machine with the old reading the points up to 30 days later: those of the window have predictions.
    assert result.counts["asOfPoints"] == 1 + 6
    assert result.counts["asOfPointsNotScored"] == changed - 7
    assert result.counts["asOfPointsCaughtUp"] == 7
    assert revised.where("run_id <> 'after-late'").count() == 0
    assert revised.where(f"machine_id = 3 AND as_of = {literal(end)}").count() > 0
    assert plant.twice() == 0
    assert plant.score("once-more").status == "nothing_to_do"


def test_tables_of_an_earlier_version_are_not_scored_again(plant: Plant) -> None:
    progress = plant.tables.name(SCORING_PROGRESS.name)
    plant.tables.spark.sql(f"DROP TABLE {progress}")
    before = plant.tables.version(PREDICTIONS.name)
    plant.night("upgraded")
    result = plant.score("upgraded")

    assert result.counts["asOfPoints"] == 2 * MACHINES
    assert plant.tables.version(PREDICTIONS.name) == before + 1
    assert plant.score("upgraded-again").status == "nothing_to_do"


def test_an_unknown_policy_is_refused() -> None:
    empty = {"max_model_age_days": "", "on_doubt": "", "history_policy": ""}
    with pytest.raises(ParameterError, match="history_policy: 'none' must be from_first_champion or all"):
        ScoringSettings.from_widgets(Widgets({**empty, "history_policy": "none"}))
    assert ScoringSettings.from_widgets(Widgets(empty)) == ScoringSettings()
