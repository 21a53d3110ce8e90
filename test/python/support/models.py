"""Models of a few trees for tests that need one, in a registry of their own."""

from __future__ import annotations

from pathlib import Path

import mlflow
from fleet import job
from pdm import GAP, SCENARIO

from batchkeeper.contract.results import StepResult
from batchkeeper.delta.tables import Tables
from batchkeeper.training.step import TrainingSettings, run_training
from batchkeeper.training_set.step import TrainingSetSettings, run_training_set

SMALL_SET = TrainingSetSettings(GAP, validation_days=20, test_days=20, negative_fraction=0.2)


def registry_in(folder: Path) -> None:
    """A registry and an experiment that lie in a folder."""
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.create_experiment("test", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("test")


def trained(tables: Tables, volume: Path, run_id: str, size: TrainingSettings) -> tuple[StepResult, StepResult]:
    """The results of the steps training set and training of a run."""
    run = job(tables.schema, volume, run_id)
    return run_training_set(tables, SCENARIO, run, SMALL_SET), run_training(tables, SCENARIO, run, size)
