"""Models of one schema used in another."""

from __future__ import annotations

from mlflow import MlflowClient

from workbench.workspace import CATALOG

MODEL = "predictive_maintenance"
CHAMPION = "champion"


def model_name(schema: str) -> str:
    """The registered model of a schema."""
    return f"{CATALOG}.{schema}.{MODEL}"


def make_champion(schema: str, version: str) -> None:
    """Makes a version champion whatever the gate said of it: to measure scoring needs a champion, not a good one."""
    MlflowClient().set_registered_model_alias(model_name(schema), CHAMPION, version)


def share_champion(source: str, target: str) -> None:
    """Makes the champion of schema `source` the champion of schema `target` too."""
    client = MlflowClient()
    version = client.get_model_version_by_alias(model_name(source), CHAMPION)
    copied = client.copy_model_version(f"models:/{model_name(source)}/{version.version}", model_name(target))
    client.set_registered_model_alias(model_name(target), CHAMPION, copied.version)
