"""What a training run was made from, read back by the steps that follow."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.errors import TableError
from batchkeeper.tables.features import TRAINING_ROWS, TRAINING_SETS


@dataclass(frozen=True)
class TrainingSet:
    """What a training run was made from, read back."""

    run_id: str
    feature_set_version: str
    feature_schema_hash: str
    versions: dict[str, int]
    splits: dict[str, list[str]]
    settings: dict[str, float]


def read_training_set(tables: Tables, run_id: str) -> TrainingSet:
    """The header of the training set of `run_id`.

    Raises:
        TableError: the training-set step of this run has not been there.
    """
    row = (
        tables.read(TRAINING_SETS.name).where(sf.col("run_id") == run_id).first()
        if tables.exists(TRAINING_SETS.name)
        else None
    )
    if row is None:
        raise TableError(f"table {TRAINING_SETS.name} has no row of run {run_id}: run the training-set step first")
    texts = {name: json.loads(row[name]) for name in ("versions", "splits", "settings")}
    return TrainingSet(run_id, row["feature_set_version"], row["feature_schema_hash"], **texts)


def training_rows(tables: Tables, run_id: str, split: str) -> DataFrame:
    """The rows of one split of one run."""
    return tables.read(TRAINING_ROWS).where((sf.col("run_id") == run_id) & (sf.col("split") == split))
