"""The whole model side on a small fleet: from features to predictions, and each step a second time."""

from __future__ import annotations

import json
from collections.abc import Iterator

import mlflow
import pytest
from fleet import job
from models import SMALL_SET, registry_in
from pdm import PREDICTIONS, SCENARIO, SENSORS
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf
from trained_fleet import MODEL, SCHEMA, TRAIN, WINDOW, Fleet

from batchkeeper.errors import TableError
from batchkeeper.evaluation.step import EvaluationSettings, run_evaluation
from batchkeeper.model import registry
from batchkeeper.scenario.feature_set import FeatureSet
from batchkeeper.scoring.step import ScoringSettings, run_scoring
from batchkeeper.training.step import run_training
from batchkeeper.training_set.step import run_training_set

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    registry_in(folder)
    spark.sql(f"CREATE SCHEMA {SCHEMA}")
    yield Fleet(spark, folder)
    spark.sql(f"DROP SCHEMA {SCHEMA} CASCADE")


def test_without_a_champion_scoring_is_not_ready_and_writes_nothing(fleet: Fleet) -> None:
    assert fleet.before_training.status == "not_ready"
    assert "no champion" in str(fleet.before_training.reason)


def test_training_rows_keep_to_their_spans_and_complete_labels(fleet: Fleet) -> None:
    header = fleet.tables.read("training_sets").first()
    assert header is not None
    spans = json.loads(header["splits"])
    rows = (
        fleet.tables.read("training_rows")
        .groupBy("split")
        .agg(sf.date_format(sf.max("as_of"), "yyyy-MM-dd'T'HH:mm:ss'Z'"))
        .collect()
    )

    assert {row[0] for row in rows} == {"train", "validation", "test"}
    assert all(row[1] <= spans[row[0]][1] for row in rows)
    assert spans["test"][1] == "2015-08-08T06:00:00Z"
    assert json.loads(header["versions"])["features"] == fleet.tables.version("features")


def test_a_dry_run_judges_and_promotes_nobody(fleet: Fleet) -> None:
    decision = fleet.tables.read("gate_decisions").first()

    assert decision is not None
    assert decision["decision"] in ("would_promote", "refused")
    assert decision["reasons_for"] or decision["reasons_against"]
    assert fleet.champion_after_dry_run is None


def test_the_registered_version_holds_all_heads_and_its_card(fleet: Fleet) -> None:
    version = registry.describe(MODEL, "1")

    assert version.card.thresholds.keys() == {"24", "48", "168"}
    assert version.card.run_id == "training-1"
    info = mlflow.models.get_model_info(f"models:/{version.name}/1")
    assert {column.name for column in info.signature.outputs.inputs} >= {
        "probability_comp1_24h",
        "probability_comp4_168h",
    }
    metrics = mlflow.get_run(version.mlflow_run_id).data.metrics
    assert metrics["test_challenger_micro_f1_24h"] > 0.8
    assert metrics["test_challenger_micro_f1_24h"] > metrics["test_rule_micro_f1_24h"] - 0.1


def test_training_and_evaluation_of_the_same_run_repeat_without_a_trace(fleet: Fleet) -> None:
    versions = {name: fleet.tables.version(name) for name in ("models", "gate_decisions", "training_sets")}

    again = run_training(fleet.tables, SCENARIO, fleet.job, TRAIN)
    judged = run_evaluation(fleet.tables, SCENARIO, fleet.job, EvaluationSettings("dry_run"))
    run_training_set(fleet.tables, SCENARIO, fleet.job, SMALL_SET)

    assert again.model == fleet.training.model
    assert judged.metrics["decision"] == fleet.dry.metrics["decision"]
    assert versions == {name: fleet.tables.version(name) for name in versions}


def test_a_step_without_the_one_before_it_names_what_is_missing(fleet: Fleet) -> None:
    with pytest.raises(TableError, match="training-set step first"):
        run_training(fleet.tables, SCENARIO, job(SCHEMA, fleet.volume, "training-9"), TRAIN)
    with pytest.raises(TableError, match="training step first"):
        run_evaluation(fleet.tables, SCENARIO, job(SCHEMA, fleet.volume, "training-9"), EvaluationSettings())


def test_scoring_writes_once_then_only_what_changed_as_a_new_revision(fleet: Fleet) -> None:
    first = fleet.score()
    second = fleet.score("scoring-3")
    point = "machine_id = 1 AND as_of = TIMESTAMP '2015-08-02 06:00:00+00:00'"
    features = fleet.tables.name("features")
    fleet.tables.spark.sql(
        f"UPDATE {features} SET error1_count_24h = 1, error1_hours_since = 0, volt_mean_24h = 195 WHERE {point}"
    )
    third = fleet.score("scoring-4")
    fourth = fleet.score("scoring-5")
    rows = (
        fleet.tables.read(PREDICTIONS.name)
        .where(f"{point} AND component = 'comp1' AND horizon_h = 24")
        .orderBy("revision")
        .collect()
    )

    assert first["predictions"] == first["predictionsWritten"] == 40 * 14 * 12
    assert second["predictionsWritten"] == second["predictionsSuperseded"] == 0
    assert 1 <= third["predictionsWritten"] <= 12
    assert third["predictionsSuperseded"] == third["predictionsWritten"]
    assert fourth["predictionsWritten"] == 0
    assert [(row["revision"], row["superseded"], row["run_id"]) for row in rows] == [
        (1, True, "scoring-2"),
        (2, False, "scoring-4"),
    ]
    assert rows[1]["probability"] > rows[0]["probability"]
    assert "error1 seen 0 h ago" in rows[1]["reasons"]


def test_the_export_lists_the_machines_most_likely_to_fail(fleet: Fleet) -> None:
    fleet.score("scoring-6")
    folder = fleet.volume / "results" / "scoring-6"

    summary = json.loads((folder / "summary.json").read_text())
    exported = fleet.tables.spark.read.parquet(str(folder / "predictions.parquet"))

    assert exported.count() == 40 * 14 * 12
    ranked = [entry["probability"] for entry in summary["mostLikelyToFail"]["24h"]]
    assert ranked == sorted(ranked, reverse=True)
    assert summary["model"]["version"] == "1"
    evidence = json.loads((folder / "evidence.json").read_text())
    listed = {str(entry["machineId"]) for entries in summary["mostLikelyToFail"].values() for entry in entries}
    assert evidence["asOf"] == summary["lastAsOf"]
    assert evidence["entities"].keys() == listed
    assert all(one["normal"].keys() == set(SENSORS) for one in evidence["entities"].values())


def test_doubt_is_written_into_every_row_or_stops(fleet: Fleet) -> None:
    stopped = run_scoring(
        fleet.tables, SCENARIO, job(SCHEMA, fleet.volume, "scoring-7", WINDOW), ScoringSettings(10, "stop")
    )
    noted = fleet.score("scoring-8", ScoringSettings(10, "score"))

    assert stopped.status == "not_ready"
    assert "limit 10" in str(stopped.reason)
    assert noted["predictionsWritten"] == noted["predictions"]
    current = fleet.tables.read(PREDICTIONS.name).where("NOT superseded")
    assert current.where("note IS NULL OR note NOT LIKE '%limit 10%'").count() == 0


def test_a_champion_made_for_other_features_is_refused(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fleet.tables.version(PREDICTIONS.name)
    monkeypatch.setattr(FeatureSet, "schema_hash", "newer")
    refused = run_scoring(fleet.tables, SCENARIO, job(SCHEMA, fleet.volume, "scoring-9", WINDOW), ScoringSettings())

    assert refused.status == "not_ready"
    assert "champion 1 was made for features" in str(refused.reason)
    assert "the table has newer, and no earlier champion fits" in str(refused.reason)
    assert fleet.tables.version(PREDICTIONS.name) == before
