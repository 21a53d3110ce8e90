"""The fixture of the ingestion tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from drop_bench import Bench
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables


@pytest.fixture
def bench(spark: SparkSession, schema: str, tmp_path: Path) -> Bench:
    """An empty schema and an empty volume."""
    return Bench(Tables(spark, "spark_catalog", schema), tmp_path / "volume")
