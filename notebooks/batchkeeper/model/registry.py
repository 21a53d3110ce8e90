"""The registered model: one version holds all heads and everything needed to use them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import mlflow
import mlflow.models
import mlflow.spark
from mlflow.exceptions import MlflowException
from mlflow.models.signature import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import ColSpec, Schema
from pyspark.ml import PipelineModel

from batchkeeper.delta.tables import Tables
from batchkeeper.model.forests import spare_trees
from batchkeeper.model.heads import probability_column
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set

CHAMPION = "champion"
CHALLENGER = "challenger"
_KEY = "batchkeeper"
_MLFLOW_TYPES = {"float": "float", "double": "double", "int": "integer", "string": "string"}
REQUIREMENTS = ["mlflow-skinny==3.17.2", "pyspark==4.1.1", "numpy"]


@dataclass(frozen=True)
class ModelCard:
    """What a version says of itself.

    Attributes:
        thresholds: probability from which an alert is raised, by horizon in hours.
        trained_until: last as-of time of the training split (ISO).
        reasons: what batchkeeper.model.reasons needs to name causes.
        drift_baseline: deciles of the features in the validation rows.
    """

    run_id: str
    feature_set_version: str
    feature_schema_hash: str
    thresholds: dict[str, float]
    splits: dict[str, list[str]]
    versions: dict[str, int]
    trained_until: str
    reasons: dict[str, Any]
    drift_baseline: dict[str, list[float]]

    @property
    def heads(self) -> list[tuple[str, int]]:
        """What the version answers: each target that it has reasons for, at each horizon with a threshold."""
        return [(target, int(hours)) for target in self.reasons for hours in self.thresholds]

    def unfit_for(self, scenario: Scenario) -> str | None:
        """Why the version cannot score this scenario, as it is declared now; None when it can."""
        computed = feature_set(scenario).schema_hash
        if self.feature_schema_hash != computed:
            return f"was made for features {self.feature_schema_hash}, the table has {computed}"
        lacking = [f"{target} at {hours} h" for target, hours in scenario.heads if (target, hours) not in self.heads]
        return f"does not predict {', '.join(lacking)}" if lacking else None


@dataclass(frozen=True)
class RegisteredVersion:
    """A version of the registered model."""

    name: str
    version: str
    mlflow_run_id: str
    card: ModelCard


def model_name(tables: Tables, scenario: Scenario) -> str:
    """The three-part name, the same in Unity Catalog and in a local registry."""
    return f"{tables.catalog}.{tables.schema}.{scenario.name}"


def signature(scenario: Scenario) -> ModelSignature:
    """Plain feature columns in, a probability of each head out."""
    columns = [
        ColSpec(_MLFLOW_TYPES[feature.type], feature.name, required=False) for feature in feature_set(scenario).features
    ]
    outputs = [ColSpec("double", probability_column(*head)) for head in scenario.heads]
    return ModelSignature(inputs=Schema(columns), outputs=Schema(outputs))


def register(scenario: Scenario, model: PipelineModel, name: str, card: ModelCard) -> str:
    """Logs the model into the active MLflow run and registers it; returns the new version."""
    info = mlflow.spark.log_model(
        model,
        artifact_path="model",
        registered_model_name=name,
        signature=signature(scenario),
        pip_requirements=REQUIREMENTS,
        metadata={_KEY: json.dumps(asdict(card))},
    )
    return str(info.registered_model_version)


def find_alias(name: str, alias: str) -> str | None:
    """The version that bears an alias, or None."""
    try:
        return str(MlflowClient().get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def set_alias(name: str, alias: str, version: str) -> None:
    """Moves an alias to a version, in one step."""
    MlflowClient().set_registered_model_alias(name, alias, version)


def describe(name: str, version: str) -> RegisteredVersion:
    """A version and its card."""
    info = mlflow.models.get_model_info(f"models:/{name}/{version}")
    return RegisteredVersion(name, version, str(info.run_id), ModelCard(**json.loads(info.metadata[_KEY])))


def load(version: RegisteredVersion) -> PipelineModel:
    """The pipeline of a version."""
    spare_trees()
    return mlflow.spark.load_model(f"models:/{version.name}/{version.version}")
