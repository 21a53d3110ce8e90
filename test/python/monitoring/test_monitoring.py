"""Monitoring on a handful of predictions whose truth is known by hand: real tables, real report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest
from pdm import PREDICTIONS, SCENARIO, SOURCES, TABLES
from pyspark.sql import SparkSession

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import TableError
from batchkeeper.exploration.page import render
from batchkeeper.ingestion.journal.coverage import watermark as covered_until
from batchkeeper.monitoring.outcomes import Outcomes
from batchkeeper.monitoring.step import run_monitoring
from batchkeeper.tables.features import features_table

# machine, as-of time, component, probability, alert; all at 24 h, scored in a replay long after.
SCORED = [
    (1, "2015-01-10 06:00:00", "comp1", 0.9, True),  # fails 24 h later: true, 23.5 h ahead, and the rule is silent
    (1, "2015-01-10 18:00:00", "comp1", 0.8, True),  # true as well
    (1, "2015-01-11 06:00:00", "comp1", 0.7, True),  # as-of = failure: the past, hence false
    (2, "2015-01-10 06:00:00", "comp2", 0.2, False),  # missed; both of its errors were seen: the rule is right
    (2, "2015-01-10 06:00:00", "comp1", 0.1, False),
    (3, "2015-01-10 06:00:00", "comp2", 0.1, False),  # only one of the two errors: the rule must be silent
    (3, "2015-01-10 06:00:00", "comp4", 0.6, True),  # false
    (3, "2015-01-10 18:00:00", "comp4", 0.6, True),  # false, the same episode
    (3, "2015-01-20 00:00:00", "comp4", 0.6, True),  # its day has not passed yet: no truth, not counted
]


@pytest.fixture
def tables(spark: SparkSession, schema: str, tmp_path: Path) -> Iterator[Tables]:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    found = Tables(spark, "spark_catalog", schema)
    found.ensure(*TABLES)
    found.ensure(PREDICTIONS, features_table(SCENARIO))
    yield found
    mlflow.set_tracking_uri(None)


def fill(tables: Tables) -> None:
    def insert(table: str, columns: str, values: str) -> None:
        tables.spark.sql(f"INSERT INTO {tables.name(table)} ({columns}) VALUES {values}")

    covered = "TIMESTAMP'2014-12-31 06:00:00', TIMESTAMP'2015-01-20 06:00:00'"
    log = ", ".join(f"('{source.name}', 'read', {covered})" for source in SOURCES)
    insert("ingest_log", "source, status, covers_from, covers_to", log)
    insert(
        "failures",
        "machine_id, ts, comp",
        "(1, TIMESTAMP'2015-01-11 06:00:00', 'comp1'), (2, TIMESTAMP'2015-01-11 06:00:00', 'comp2')",
    )
    at = "TIMESTAMP'2015-01-10 06:00:00'"
    points = sorted({(machine, as_of) for machine, as_of, *_ in SCORED})
    codes = {(2, "2015-01-10 06:00:00"): {"error2", "error3"}, (3, "2015-01-10 06:00:00"): {"error2"}}
    counts = ", ".join(f"error{number}_count_24h" for number in range(1, 6))
    insert(
        "features",
        f"machine_id, as_of, {counts}",
        ", ".join(
            f"({machine}, TIMESTAMP'{as_of}', "
            + ", ".join(str(int(f"error{number}" in codes.get((machine, as_of), ()))) for number in range(1, 6))
            + ")"
            for machine, as_of in points
        ),
    )
    columns = (
        "machine_id, as_of, component, probability, decision, superseded, revision, horizon_h, threshold, "
        "model_version, available_at"
    )
    rows = ", ".join(
        f"({machine}, TIMESTAMP'{as_of}', '{component}', {p}, {alert}, false, 2, 24, 0.5, '1', "
        f"TIMESTAMP'2016-05-01 00:00:00')"
        for machine, as_of, component, p, alert in SCORED
    )
    insert("predictions", columns, rows)
    # An older revision of the first row: it must count nowhere.
    insert(
        "predictions", columns, f"(1, {at}, 'comp1', 0.1, false, true, 1, 24, 0.5, '1', TIMESTAMP'2016-05-01 00:00:00')"
    )


def test_figures_report_and_repetition(tables: Tables, tmp_path: Path) -> None:
    fill(tables)
    assert covered_until(tables, SOURCES) == datetime(2015, 1, 20, 6, tzinfo=UTC)
    parameters = JobParameters(
        "monitoring-1", "batches/monitoring-1/manifest.json", None, None, "spark_catalog", tables.schema, str(tmp_path)
    )
    result = json.loads(run_monitoring(tables, SCENARIO, parameters).to_json())
    assert result["counts"]["predictionsLabelled"] == 8
    document = json.loads((tmp_path / "results/monitoring-1/monitoring.json").read_text())
    failed_at = "2015-01-11T06:00:00Z"
    assert document["happened"] == {
        "from": document["windowStart"],
        "until": "2015-01-20T06:00:00Z",
        "failures": [
            {"entity": "1", "target": "comp1", "at": failed_at},
            {"entity": "2", "target": "comp2", "at": failed_at},
        ],
    }
    rows = {row["component"]: row for row in document["evaluations"]}
    whole = rows["all"]
    assert (whole["rows"], whole["positives"], whole["alerts"]) == (8, 3, 5)
    assert whole["precision"] == pytest.approx(2 / 5)
    assert whole["recall"] == pytest.approx(2 / 3)
    assert whole["f1"] == pytest.approx(4 / 8)
    assert whole["accuracy"] == pytest.approx(4 / 8)
    assert whole["all_negative_accuracy"] == pytest.approx(5 / 8)
    assert (whole["rule_precision"], whole["rule_recall"]) == (1.0, pytest.approx(1 / 3))
    assert (whole["failures"], whole["announced"], whole["announced_early"]) == (2, 1, 1)
    assert whole["median_hours_ahead"] == 23.5
    # Two episodes on four machine-days: machine 1 on two days, machines 2 and 3 on one.
    assert whole["false_alerts_per_machine_month"] == pytest.approx(2 / (4 / 30.44))
    assert rows["comp2"]["f1"] == 0
    report = (tmp_path / "results/monitoring-1/monitoring.html").read_text()
    assert "data:image/png;base64," in report
    assert "no champion" in report
    exploration = render(tables, SCENARIO)
    assert "<h1>A failure from near: Machine 2, comp2, 2015-01-11T06:00:00Z</h1>" in exploration
    assert exploration.count("data:image/png;base64,") == 3
    assert "Machine 1, comp1" in render(tables, SCENARIO, "1")
    with pytest.raises(TableError, match="no failure"):
        render(tables, SCENARIO, "3")
    versions = (tables.version("evaluations"), tables.version("drift_metrics"))
    assert run_monitoring(tables, SCENARIO, parameters).counts == result["counts"]
    assert (tables.version("evaluations"), tables.version("drift_metrics")) == versions


def test_without_data_it_is_not_ready(tables: Tables, tmp_path: Path) -> None:
    parameters = JobParameters(
        "monitoring-2", "batches/monitoring-2/manifest.json", None, None, "spark_catalog", tables.schema, str(tmp_path)
    )
    result = run_monitoring(tables, SCENARIO, parameters)
    assert (result.status, result.reason) == ("not_ready", "a required source has no data yet")


def test_a_rule_may_write_features_in_any_case(tables: Tables) -> None:
    rule = replace(SCENARIO.rule, of={name: text.upper() for name, text in SCENARIO.rule.of.items()})
    at = datetime(2015, 1, 1, tzinfo=UTC)
    found, plain = (
        Outcomes(tables, one, at, at, at)._rule_features() for one in (replace(SCENARIO, rule=rule), SCENARIO)
    )

    assert found == plain != []
