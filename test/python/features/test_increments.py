"""The features table by increments: any order of arrival gives what one full computation gives, and repeating writes
nothing.
"""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from pathlib import Path

import pytest
from fleet import cover, job, read_drop, store
from pdm import COVERAGE, FEATURE_NAMES, SCENARIO, SOURCES, TABLES
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.features.step import run_features
from simulator.machines.cli import main as simulate

pytestmark = pytest.mark.slow

FIRST, LAST = "2015-01-01", "2015-02-12"
CUTS = ("2015-01-20", "2015-02-05", "2015-02-09")
TIMED = ("telemetry", "errors", "maint", "failures")


@pytest.fixture(scope="module")
def drops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drops")
    simulate(
        ["--machines", "4", "--seed", "3", "--start", FIRST, "--end", LAST, "--plain", "--quiet", "--out", str(folder)]
    )
    return folder


def pieces(tables: Tables, drops: Path) -> list[tuple[str, DataFrame, str]]:
    """Each timed source cut into four spans of days: (source, rows, drop path)."""
    days = [FIRST, *CUTS, LAST]
    found = []
    for source in TIMED:
        rows = read_drop(tables, source, next((drops / source).glob("*.csv")))
        for number, (start, end) in enumerate(itertools.pairwise(days)):
            covers = COVERAGE.covers(f"{source}/{start}_{end}.csv")
            assert covers
            # A span begins where the one before it ended; the first also holds the initial replacements of the year
            # before.
            since = "true" if number == 0 else f"ts > {literal(covers[0] + timedelta(days=1))}"
            path = f"{source}/{start if number == 0 else _next(start)}_{end}.csv"
            found.append((source, rows.where(f"{since} AND ts <= {literal(covers[1])}"), path))
    return found


def _next(day: str) -> str:
    covers = COVERAGE.covers(f"telemetry/{day}.csv")
    assert covers
    return (covers[1] + timedelta(days=1)).date().isoformat()


def prepared(spark: SparkSession, schema: str, drops: Path) -> Tables:
    tables = Tables(spark, "spark_catalog", schema)
    tables.ensure(*TABLES)
    store(tables, "machines", read_drop(tables, "machines", next((drops / "machines").glob("*.csv"))), "scoring-0")
    cover(tables, "machines", COVERAGE.covers(f"machines/{LAST}.csv"), "scoring-0", f"machines/{LAST}.csv")
    assert len(SOURCES) == len(TIMED) + 1
    return tables


def content(tables: Tables) -> list[tuple[object, ...]]:
    rows = tables.read("features").select("machine_id", sf.unix_timestamp("as_of"), *FEATURE_NAMES)
    return sorted(tuple(row) for row in rows.collect())


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_arrival_equals_one_full_computation(
    spark: SparkSession, schema: str, drops: Path, tmp_path: Path, seed: int
) -> None:
    tables = prepared(spark, schema, drops)
    arriving = pieces(tables, drops)
    random.Random(seed).shuffle(arriving)
    rounds = [arriving[:6], arriving[6:11], arriving[11:]]

    for number, batch in enumerate(rounds):
        run_id = f"scoring-{number + 1}"
        for source, rows, path in batch:
            store(tables, source, rows, run_id)
            cover(tables, source, COVERAGE.covers(path), run_id, path)
        run_features(tables, SCENARIO, job(schema, tmp_path, run_id))
    by_increments = content(tables)
    version = tables.version("features")
    again = run_features(tables, SCENARIO, job(schema, tmp_path, f"scoring-{len(rounds)}"))
    unchanged = tables.version("features")
    spark.sql(f"DROP TABLE {tables.name('features')}")
    run_features(tables, SCENARIO, job(schema, tmp_path, "scoring-full"))

    assert by_increments == content(tables)
    assert len(by_increments) == 4 * 2 * 43
    assert unchanged == version
    assert again.counts["asOfPointsChanged"] == 0


def test_late_rows_recompute_only_the_points_they_reach(
    spark: SparkSession, schema: str, drops: Path, tmp_path: Path
) -> None:
    tables = prepared(spark, schema, drops)
    covers = COVERAGE.covers("errors/2015-02-09.csv")
    assert covers
    late = f"machine_id = 2 AND ts = {literal(covers[1])}"
    for source, rows, path in pieces(tables, drops):
        store(tables, source, rows.where(f"NOT ({late})") if source == "telemetry" else rows, "scoring-1")
        cover(tables, source, COVERAGE.covers(path), "scoring-1", path)
    run_features(tables, SCENARIO, job(schema, tmp_path, "scoring-1"))

    for source, rows, _ in pieces(tables, drops):
        if source == "telemetry" and rows.where(late).count():
            store(tables, source, rows.where(late), "scoring-2")
    result = run_features(tables, SCENARIO, job(schema, tmp_path, "scoring-2"))

    # From 2015-02-09 06:00 to the end on 2015-02-12 06:00 the machine has seven as-of points, all within 30 days.
    assert result.counts == {"asOfPoints": 0, "asOfPointsRecomputed": 7, "asOfPointsChanged": 7}
    changed = tables.read("features").where("run_id = 'scoring-2'")
    assert changed.select("machine_id").distinct().count() == 1
