"""Which model version a training run registered."""

from __future__ import annotations

from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.tables.features import MODELS


def trained_version(tables: Tables, run_id: str) -> str | None:
    """The version that the training step of `run_id` registered, or None. The table must be there."""
    row = tables.read(MODELS.name).where(sf.col("run_id") == run_id).select("model_version").first()
    return str(row[0]) if row else None
