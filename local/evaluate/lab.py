"""One fleet on the local Spark: ingested, with features, on which models are trained and asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from pyspark.ml import Pipeline
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.model import registry
from batchkeeper.model.forests import forest, in_fixed_order
from batchkeeper.model.heads import probability_column
from batchkeeper.model.inputs import VECTOR, model_inputs, preparation
from batchkeeper.scenario.load import load_scenario
from batchkeeper.training.step import TrainingSettings
from evaluate.truth import COMPONENTS, Numbers, Points
from simulator.days import at, closing_hour
from simulator.machines.drops import DropWriter
from simulator.machines.fleet import MachineHistory
from simulator.machines.plan import Plan
from workbench.session import LocalSession
from workbench.workspace import CATALOG, Workspace

Tell = Callable[[str], None]

START, END = date(2015, 1, 1), date(2016, 1, 1)
TEST_FROM = date(2015, 11, 30)
# Labels of the longest horizon are complete up to 2015-12-25; the training set's test span begins with ours.
TEST_DAYS = 25
SCENARIO = load_scenario("predictive_maintenance")


@dataclass(frozen=True)
class Model:
    """A registered version and what it says: probabilities by horizon, (machines, hours, components)."""

    version: str
    thresholds: dict[int, float]
    trained_until: str


def plan_year(folder: Path, machines: int | None, seed: int, events: Path | None) -> Plan:
    """The whole year as one history file per source."""
    return Plan(out=folder, machines=machines, seed=seed, start=START, end=END, history_until=END, events=events)


def known_histories(plan: Plan) -> list[MachineHistory]:
    """The events up to the plan's last hour. What happens later is in no file, so it is no truth to judge by either."""
    last = closing_hour(plan.last_day)
    return [
        MachineHistory(
            found.machine, *(events.between(None, last) for events in (found.maint, found.failures, found.errors))
        )
        for found in plan.histories()
    ]


def write_drops(plan: Plan) -> list[str]:
    """Writes the drops of a plan and returns their paths."""
    DropWriter(plan, lambda *_: None).write()
    return sorted(str(path.relative_to(plan.out)) for path in plan.out.glob("*/*.csv"))


class Lab:
    """The tables and models of one fleet."""

    def __init__(self, session: LocalSession, schema: str, tell: Tell) -> None:
        self._workspace = Workspace(session, schema)
        self._spark = session.spark
        self._tell = tell

    @property
    def schema(self) -> str:
        """The schema with the fleet's tables."""
        return self._workspace.schema

    def load(self, drops: Path, files: list[str]) -> None:
        """Ingests drops and computes features up to the watermark."""
        run_id = self._workspace.new_run("scoring", drops, files)
        for step in ("ingestion", "features"):
            self._tell(f"{self.schema}: {step}")
            self._workspace.step(step, run_id)

    def train(self, *, with_visits: bool = True) -> Model:
        """Trains a model on everything before the test span, with the gaps that the training set demands."""
        run_id = self._workspace.new_run("training")
        self._tell(f"{self.schema}: training {'with' if with_visits else 'without'} the planned visit")
        self._workspace.step("training_set", run_id, test_days=str(TEST_DAYS))
        done = self._workspace.step("training", run_id, with_visits=str(with_visits).lower())
        version = str(done.result["model"]["version"])
        card = self._describe(version).card
        return Model(
            version, {int(horizon): threshold for horizon, threshold in card.thresholds.items()}, card.trained_until
        )

    def _describe(self, version: str) -> registry.RegisteredVersion:
        return registry.describe(registry.model_name(Tables(self._spark, CATALOG, self.schema), SCENARIO), version)

    def ask(self, model: Model, points: Points) -> dict[int, Numbers]:
        """The model's probabilities at all points, by horizon.

        Raises:
            ValueError: the features table lacks a point.
        """
        self._tell(f"{self.schema}: {points.shape[0] * points.shape[1]} points")
        first, last = at(int(points.hours[0])), at(int(points.hours[-1]))
        heads = {
            horizon: [probability_column(component, horizon) for component in COMPONENTS]
            for horizon in model.thresholds
        }
        columns = [name for names in heads.values() for name in names]
        rows = self._spark.table(f"{CATALOG}.{self.schema}.features").where(sf.col("as_of").between(first, last))
        scored = registry.load(self._describe(model.version)).transform(rows)
        found = scored.select("machine_id", (sf.unix_timestamp("as_of") / 3600).alias("hour"), *columns).toPandas()
        machine = np.searchsorted(points.machines, found["machine_id"].to_numpy())
        hour = np.searchsorted(points.hours, found["hour"].to_numpy())
        answers = {}
        for horizon, names in heads.items():
            probability = np.full(points.shape, np.nan)
            probability[machine, hour] = found[names].to_numpy()
            if np.isnan(probability).any():
                raise ValueError(
                    f"{self.schema}: {int(np.isnan(probability).sum())} points have no probability at {horizon} h"
                )
            answers[horizon] = probability
        return answers

    def fit_and_classify(self, train: Path, others: list[Path], classes: int, seed: int) -> list[Numbers]:
        """Fits a forest on the features of the rows in `train` and returns the class probabilities of the rows in each
        of `others`.

        The Parquet files hold machine_id, as_of and row (the order of the answer); that for training also label and
        weight.
        """
        self._tell(f"{self.schema}: a forest on rows of our own")
        features = self._spark.table(f"{CATALOG}.{self.schema}.features")
        prepare = Pipeline(stages=preparation(model_inputs(SCENARIO))).fit(features)

        def rows(path: Path) -> DataFrame:
            return prepare.transform(
                self._spark.read.parquet(str(path)).join(features, ["machine_id", "as_of"])
            ).select("row", "label", "weight", VECTOR)

        # Spark learns the number of classes from the column's metadata, as a small fleet may lack one of them.
        nominal = {"ml_attr": {"type": "nominal", "num_vals": classes}}
        settings = TrainingSettings()
        count = pq.read_metadata(train).num_rows
        classifier = forest(count, trees=settings.trees, depth=settings.depth, seed=seed)
        ordered = in_fixed_order(rows(train), count, "row")
        model = classifier.setLabelCol("label").fit(
            ordered.withColumn("label", sf.col("label").alias("label", metadata=nominal))
        )
        answers = []
        for path in others:
            found = (
                model.transform(rows(path))
                .select("row", vector_to_array("probability").alias("p"))
                .orderBy("row")
                .toPandas()
            )
            expected = pq.read_metadata(path).num_rows
            if len(found) != expected:
                raise ValueError(
                    f"{self.schema}: {expected - len(found)} of {expected} rows of {path.name} have no features"
                )
            answers.append(np.stack(found["p"].to_list()))
        return answers

    def features_that_differ(self, other: Lab, until: date) -> int:
        """How many feature rows up to `until` 06:00 are in one of two labs only."""
        volatile = ("run_id", "computed_at")
        mine, theirs = (
            self._spark.table(f"{CATALOG}.{lab.schema}.features")
            .where(sf.col("as_of") <= at(closing_hour(until)))
            .drop(*volatile)
            for lab in (self, other)
        )
        return int(mine.exceptAll(theirs).count() + theirs.exceptAll(mine).count())
