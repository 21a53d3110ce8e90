"""A declaration that gains a value: its tables grow, and the rows of before are computed anew, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from declarations import dated
from drop_bench import Bench
from fleet import job
from pyspark.sql import SparkSession

from batchkeeper.contract.results import StepResult
from batchkeeper.delta.tables import Tables
from batchkeeper.features.step import run_features
from batchkeeper.scenario import Reading, Scenario
from batchkeeper.scenario.feature_set import feature_set

DAYS = [f"2024-03-{day:02d}" for day in range(1, 5)]


def changed(scenario: Scenario) -> Scenario:
    """With a value that was not declared before."""
    values = (*scenario.readings.values, Reading("noise", optional=True))
    return replace(scenario, readings=replace(scenario.readings, values=values))


def drops(days: list[str], header: str, values: str) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {f"smart/{day}.csv": f"serial,day,{header}\n7,{day},{values}\n" for day in days}
    return found | {f"failures/{day}.csv": "serial,day\n" for day in days}


def test_a_new_value_gives_every_row_its_features_once(spark: SparkSession, schema: str, tmp_path: Path) -> None:
    tables = Tables(spark, "spark_catalog", schema)
    before = dated(tmp_path)
    after = changed(before)
    bench = Bench(tables, tmp_path / "volume", modified=datetime(2024, 6, 1, tzinfo=UTC), scenario=before)

    def features(scenario: Scenario, run_id: str) -> StepResult:
        return run_features(tables, scenario, job(schema, bench.volume, run_id))

    bench.ingest(drops(DAYS[:2], "load,heat,starts", "1,2,3"))
    first = features(before, "scoring-1")
    bench.scenario = after
    bench.ingest(drops(DAYS[2:], "load,heat,starts,noise", "1,2,3,4"))
    second, third = features(after, "scoring-2"), features(after, "scoring-3")

    assert (first.counts["asOfPoints"], second.counts["asOfPoints"]) == (2, 2)
    assert second.counts["asOfPointsRecomputed"] == second.counts["asOfPointsChanged"] == 2
    assert third.status == "nothing_to_do"
    rows = bench.rows("features", "string(as_of)", "noise_mean_24h", "feature_set_version", "run_id")
    version = feature_set(after).version
    assert [(noise, of) for _, noise, of, _ in rows] == [(None, version)] * 2 + [(4.0, version)] * 2
    assert {run for *_, run in rows} == {"scoring-2"}


def test_another_version_of_the_feature_set_leaves_no_row_of_the_old_one(
    spark: SparkSession, schema: str, tmp_path: Path
) -> None:
    """Even where no value changes: else the row would be computed anew in every run, and never be scored."""
    tables, before = Tables(spark, "spark_catalog", schema), dated(tmp_path)
    bench = Bench(tables, tmp_path / "volume", modified=datetime(2024, 6, 1, tzinfo=UTC), scenario=before)
    bench.ingest(drops(DAYS, "load,heat,starts", "1,2,3"))
    run_features(tables, before, job(schema, bench.volume, "scoring-1"))

    after = replace(before, feature_set_version="2")
    second = run_features(tables, after, job(schema, bench.volume, "scoring-2"))
    third = run_features(tables, after, job(schema, bench.volume, "scoring-3"))

    assert second.counts["asOfPointsChanged"] == 4
    assert bench.rows("features", "feature_set_version") == [("2",)] * 4
    assert third.status == "nothing_to_do"
