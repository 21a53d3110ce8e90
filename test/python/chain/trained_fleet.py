"""A small fleet that goes from features to a trained and judged model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fleet import job, load_drops
from models import trained
from pdm import SCENARIO
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables
from batchkeeper.evaluation.step import EvaluationSettings, run_evaluation
from batchkeeper.features.step import run_features
from batchkeeper.model import registry
from batchkeeper.scoring.step import ScoringSettings, run_scoring
from batchkeeper.training.step import TrainingSettings
from simulator.machines.cli import main as simulate

SCHEMA = "test_model_chain"
MODEL = f"spark_catalog.{SCHEMA}.predictive_maintenance"
WINDOW = datetime(2015, 8, 1, 6, tzinfo=UTC), datetime(2015, 8, 8, 6, tzinfo=UTC)
TRAIN = TrainingSettings(trees=10, depth=5)


class Fleet:
    """A fleet with a trained, judged model; `results` are those of each step."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.tables = Tables(spark, "spark_catalog", SCHEMA)
        self.volume = folder / "volume"
        arguments = "--machines 40 --seed 9 --start 2015-01-01 --end 2015-08-15 --plain --quiet --out"
        simulate([*arguments.split(), str(folder / "drops")])
        load_drops(self.tables, folder / "drops", "scoring-1")
        self.features = run_features(self.tables, SCENARIO, job(SCHEMA, self.volume, "scoring-1"))
        self.before_training = run_scoring(
            self.tables, SCENARIO, job(SCHEMA, self.volume, "scoring-1", WINDOW), ScoringSettings()
        )
        self.job = job(SCHEMA, self.volume, "training-1")
        self.training_set, self.training = trained(self.tables, self.volume, "training-1", TRAIN)
        self.dry = run_evaluation(self.tables, SCENARIO, self.job, EvaluationSettings("dry_run"))
        self.champion_after_dry_run = registry.find_alias(MODEL, registry.CHAMPION)
        registry.set_alias(MODEL, registry.CHAMPION, "1")

    def score(self, run_id: str = "scoring-2", settings: ScoringSettings | None = None) -> dict[str, int]:
        """Scores the window; returns the counts."""
        return dict(
            run_scoring(
                self.tables, SCENARIO, job(SCHEMA, self.volume, run_id, WINDOW), settings or ScoringSettings()
            ).counts
        )
