"""Creates an MLflow database: `python -m cluster.spark.mlflow_database FILE ARTIFACT_ROOT`."""

from __future__ import annotations

import sys

from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore


def create(file: str, artifact_root: str) -> None:
    """Creates the tables of tracking and registry and the default experiment in `file`."""
    tracking = TrackingStore(f"sqlite:///{file}", artifact_root)
    registry = RegistryStore(f"sqlite:///{file}")
    tracking.engine.dispose()
    registry.engine.dispose()


if __name__ == "__main__":
    create(sys.argv[1], sys.argv[2])
