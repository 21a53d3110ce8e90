"""A small fleet with history from before its champion, whose nights are ingested and scored one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fleet import cover, job, read_drop, store
from models import trained
from pdm import COVERAGE, PREDICTIONS, SCENARIO, SOURCES, TABLES
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from batchkeeper.contract.results import StepResult
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.features.step import run_features
from batchkeeper.model import registry
from batchkeeper.scoring.step import ScoringSettings, run_scoring
from batchkeeper.tables.results import SCORING_PROGRESS
from batchkeeper.training.step import TrainingSettings
from simulator.machines.cli import main as simulate

SCHEMA, MACHINES, HEADS = "test_due", 15, 12
HISTORY, NIGHTS = date(2015, 7, 12), 12
WINDOW = datetime(2015, 6, 15, 6, tzinfo=UTC), datetime(2015, 6, 18, 6, tzinfo=UTC)


class Plant:
    """History without a model, then a champion; each test takes further nights."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.tables = Tables(spark, "spark_catalog", SCHEMA)
        self.folder, self.drops, self.nights = folder, folder / "drops", 0
        arguments = (
            f"--machines {MACHINES} --seed 9 --start 2015-01-01 --history-until {HISTORY} --end "
            f"{HISTORY + timedelta(days=NIGHTS)}"
        )
        simulate([*arguments.split(), "--plain", "--quiet", "--out", str(self.drops)])
        self.tables.ensure(*TABLES)
        self._load("history", HISTORY)
        self.history = run_features(self.tables, SCENARIO, job(SCHEMA, folder, "history")).counts["asOfPoints"]
        self.not_ready = self.score("history")
        trained(self.tables, folder, "training", TrainingSettings(trees=5, depth=4))
        registry.set_alias(registry.model_name(self.tables, SCENARIO), registry.CHAMPION, "1")

    def _load(self, run_id: str, day: date, without: str = "false") -> None:
        for source in SOURCES:
            for path in self.drops.glob(f"{source.name}/*{day}.csv"):
                rows = read_drop(self.tables, source.name, path)
                store(
                    self.tables,
                    source.name,
                    rows.where(f"NOT ({without})") if source.name == "telemetry" else rows,
                    run_id,
                )
                cover(
                    self.tables,
                    source.name,
                    COVERAGE.covers(f"{source.name}/{path.name}"),
                    run_id,
                    f"{source.name}/{path.name}",
                )

    def night(self, run_id: str, without: str = "false") -> date:
        """Ingests the next day and builds its features as a run."""
        self.nights += 1
        day = HISTORY + timedelta(days=self.nights)
        self._load(run_id, day, without)
        self.features(run_id)
        return day

    def features(self, run_id: str) -> StepResult:
        """The features step of a run."""
        return run_features(self.tables, SCENARIO, job(SCHEMA, self.folder, run_id))

    def score(
        self, run_id: str, window: tuple[datetime, datetime] | None = None, settings: ScoringSettings | None = None
    ) -> StepResult:
        """The scoring step of a run."""
        return run_scoring(
            self.tables, SCENARIO, job(SCHEMA, self.folder, run_id, window), settings or ScoringSettings()
        )

    def current(self, day: date) -> int:
        """How many predictions stand for the two points of a day."""
        end = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        span = f"as_of > {literal(end - timedelta(days=1))} AND as_of <= {literal(end)}"
        return self.tables.read(PREDICTIONS.name).where(f"NOT superseded AND {span}").count()

    def twice(self) -> int:
        """How many scores stand more than once."""
        rows = (
            self.tables.read(PREDICTIONS.name)
            .where("NOT superseded")
            .groupBy("machine_id", "as_of", "horizon_h", "component")
        )
        return rows.count().where("count > 1").count()

    def progress(self, run_id: str) -> list[tuple[str, int, str]]:
        """What became of the feature rows of a run."""
        rows = self.tables.read(SCORING_PROGRESS.name).where(sf.col("features_run_id") == run_id)
        return sorted((row["outcome"], row["points"], row["consumed_by"]) for row in rows.collect())

    def versions(self) -> dict[str, int]:
        """The versions of what scoring writes."""
        return self.tables.versions([PREDICTIONS.name, SCORING_PROGRESS.name])
