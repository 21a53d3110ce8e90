"""A small fleet goes the whole way: drops, features, model, scores, and what they were worth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from simulator.drives.drops import DriveDrops
from simulator.drives.rows import DrivePlan
from workbench.session import LocalSession
from workbench.workspace import Workspace

# Two minutes of processor time.
pytestmark = pytest.mark.slow

SCENARIO = "drive_failures"
START, HISTORY_DAYS, LATER_DAYS = date(2024, 1, 1), 225, 2
HISTORY_END = START + timedelta(days=HISTORY_DAYS)
END = HISTORY_END + timedelta(days=LATER_DAYS)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def paths(folder: Path, first: str, last: str) -> list[str]:
    """The drops whose last day is after `first` and up to `last`."""
    found = (path.relative_to(folder) for path in folder.glob("*/*.csv"))
    return sorted(str(path) for path in found if first < path.stem[-10:] <= last)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry of this test alone, which lays its files into the working folder."""
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    yield
    mlflow.set_tracking_uri(None)


def failures(drops: DriveDrops) -> dict[str, datetime]:
    """The midnight that begins the day of its failure, of each drive that fails in the history."""
    return {
        drive.serial: midnight(START + timedelta(days=drive.leaves))
        for drive in drops.drives
        if drive.failed_at is not None and drive.leaves is not None and drive.leaves < HISTORY_DAYS
    }


@pytest.mark.usefixtures("models")
def test_a_small_fleet_from_its_drops_to_alerts(
    spark: SparkSession, local: LocalSession, schema: str, tmp_path: Path
) -> None:
    # So few drives fail only when they are bad ones.
    plan = DrivePlan(tmp_path, 40, 15, START, END, HISTORY_END, gzip=False, hazard=40)
    drops = DriveDrops(plan)
    drops.write()
    folder, workspace = tmp_path / "drive-failures", Workspace(local, schema)

    run = workspace.new_run("drive-failures-scoring", folder, paths(folder, "", str(HISTORY_END)))
    ingested = workspace.step("ingestion", run, scenario=SCENARIO).result
    rows = drops.rows
    repeated = len(rows.day) - len(set(zip(rows.drive.tolist(), rows.day.tolist(), strict=True)))
    assert ingested["counts"]["rowsQuarantined"] == 0
    assert ingested["counts"]["rowsDuplicate"] >= repeated > 0
    workspace.step("features", run, scenario=SCENARIO)
    failed = failures(drops)
    last = dict(spark.sql(f"SELECT serial_number, max(as_of) FROM {schema}.features GROUP BY 1").collect())
    assert len(failed) > 10
    # Nothing is said of a drive after its failure.
    assert all(last[serial].replace(tzinfo=UTC) <= at for serial, at in failed.items() if serial in last)

    training = workspace.new_run("drive-failures-training")
    workspace.step("training_set", training, scenario=SCENARIO, validation_days="15", test_days="15")
    workspace.step("training", training, scenario=SCENARIO, trees="5", depth="4")
    judged = workspace.step("evaluation", training, scenario=SCENARIO, gate_mode="disabled").result
    name = f"spark_catalog.{schema}.{SCENARIO}"
    assert judged["model"] == {"name": name, "version": "1"}
    MlflowClient().set_registered_model_alias(name, "champion", "1")

    later = workspace.new_run("drive-failures-scoring", folder, paths(folder, str(HISTORY_END), str(END)))
    for step in ("ingestion", "features"):
        workspace.step(step, later, scenario=SCENARIO)
    since = midnight(HISTORY_END - timedelta(days=60)), midnight(END + timedelta(days=1))
    scored = workspace.step("scoring", later, since, scenario=SCENARIO).result
    assert scored["counts"]["alerts"] > 0
    summary = json.loads((workspace.volume_root / "results" / later / "summary.json").read_text())
    assert summary["lastAsOf"] == f"{END}T00:00:00Z"
    worst = summary["mostLikelyToFail"]["168h"][0]
    assert worst["serialNumber"] in last
    assert worst["reasons"]

    monitoring = workspace.new_run("drive-failures-monitoring")
    workspace.step("monitoring", monitoring, since, scenario=SCENARIO)
    found = json.loads((workspace.volume_root / "results" / monitoring / "monitoring.json").read_text())
    week = next(row for row in found["evaluations"] if (row["horizon_h"], row["part"]) == (168, "all"))
    assert week["positives"] > 0
    assert week["f1"] > week["rule_f1"]
