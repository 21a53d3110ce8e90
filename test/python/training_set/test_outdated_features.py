"""Training that comes between a change of the declaration and the features step waits, and pins nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from declarations import few_facts
from fleet import job
from pyspark.sql import SparkSession

from batchkeeper.contract.results import StepResult
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario import Counter, Horizon, Normal, Reading, Scenario, Windows
from batchkeeper.tables.features import features_table
from batchkeeper.tables.ingestion import ingestion_tables
from batchkeeper.training_set.splits import needed_gap_hours
from batchkeeper.training_set.step import TrainingSetSettings, run_training_set

DAYS = 80


def short_windows() -> Scenario:
    """So that few days are enough to split."""
    declared = few_facts()
    readings = replace(
        declared.readings,
        values=(Reading("temperature"), Counter("bad_sectors", rise=(24,))),
        windows=Windows(mean=(24,), spread=(24,), deviation=(24,)),
        normal=Normal(hours=48, gap_hours=24),
    )
    return replace(declared, readings=readings, horizons=(Horizon(24, 100, 10),))


@pytest.fixture
def tables(spark: SparkSession, schema: str) -> Tables:
    """Features of version 1, a point a day, and sources that are covered to their end."""
    scenario, found = short_windows(), Tables(spark, "spark_catalog", schema)
    found.ensure(*ingestion_tables(scenario), features_table(scenario))
    points = f"explode(sequence(TIMESTAMP'2024-01-01', TIMESTAMP'2024-01-01' + INTERVAL {DAYS} DAYS, INTERVAL 1 DAY))"
    spark.sql(
        f"INSERT INTO {found.name('features')} (serial, as_of, feature_set_version) SELECT 'a', {points} AS as_of, '1'"
    )
    covered = f"'read', TIMESTAMP'2023-12-31', TIMESTAMP'2024-01-01' + INTERVAL {DAYS} DAYS"
    log = ", ".join(f"('{source.name}', {covered})" for source in scenario.sources)
    spark.sql(f"INSERT INTO {found.name('ingest_log')} (source, status, covers_from, covers_to) VALUES {log}")
    return found


def test_rows_of_another_feature_set_are_waited_for(tables: Tables, tmp_path: Path) -> None:
    scenario = replace(short_windows(), feature_set_version="2")
    settings = TrainingSetSettings(needed_gap_hours(scenario), validation_days=1, test_days=1, negative_fraction=1)

    def run() -> StepResult:
        return run_training_set(tables, scenario, job(tables.schema, tmp_path, "training-1"), settings)

    waiting = run()
    assert (waiting.status, waiting.tables) == ("not_ready", {})
    assert "another feature set" in (waiting.reason or "")
    assert tables.read("training_sets").isEmpty()
    assert tables.read("training_rows").isEmpty()

    tables.spark.sql(f"UPDATE {tables.name('features')} SET feature_set_version = '2'")
    assert run().status == "ok"
