"""The training step: fits, calibrates and registers one model version with a head for each target and horizon."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.contract.results import StepResult
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.staging import scratch_folder
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import ParameterError, TableError
from batchkeeper.evaluation.metrics import Scores, head_metrics
from batchkeeper.model import registry
from batchkeeper.model.forests import fit_forests
from batchkeeper.model.inputs import Input, model_inputs
from batchkeeper.model.plots import reliability_plot
from batchkeeper.model.reasons import learn
from batchkeeper.model.trained import trained_version
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.tables.features import MODELS
from batchkeeper.training.costs import Cost, parse_costs
from batchkeeper.training.fitting import drift_baseline, judged_model
from batchkeeper.training_set.header import TrainingSet, read_training_set, training_rows
from batchkeeper.training_set.splits import TRAIN, VALIDATION


@dataclass(frozen=True)
class TrainingSettings:
    """The step's own parameters."""

    trees: int = 45
    depth: int = 12
    with_visits: bool = True
    costs: str = ""

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> TrainingSettings:
        """Reads `trees`, `depth`, `with_visits` (true or false) and `costs` (JSON); each has a default."""
        whole = {}
        for name in ("trees", "depth"):
            text = text_parameter(widgets, name, default=str(getattr(cls, name)))
            if not text.isdigit() or not int(text):
                raise ParameterError(f"{name}: {text!r} is no whole number above 0")
            whole[name] = int(text)
        visits = text_parameter(widgets, "with_visits", default="true")
        if visits not in ("true", "false"):
            raise ParameterError(f"with_visits: {visits!r} must be true or false")
        return cls(with_visits=visits == "true", costs=text_parameter(widgets, "costs", default=""), **whole)


def run_training(
    tables: Tables, scenario: Scenario, parameters: JobParameters, settings: TrainingSettings
) -> StepResult:
    """Fits on the rows that the training-set step wrote; a repetition finds the registered version and fits nothing.

    Raises:
        TableError: no training set of this run, or one for other features than this code computes.
    """
    run_id, computed = parameters.run_id, feature_set(scenario).schema_hash
    costs = parse_costs(settings.costs, scenario.horizons)
    tables.ensure(MODELS)
    header, version = concurrently(lambda: read_training_set(tables, run_id), lambda: trained_version(tables, run_id))
    if header.feature_schema_hash != computed:
        stored = header.feature_schema_hash
        raise TableError(f"training set of {run_id} has features {stored}, this code computes {computed}")
    name = registry.model_name(tables, scenario)
    started = time.monotonic()
    if version is None:
        with scratch_folder(parameters) as scratch:
            version, mlflow_run = _train(tables, scenario, header, settings, costs, name, scratch)
        row = (run_id, name, version, mlflow_run, header.feature_schema_hash)
        columns = [column.name for column in MODELS.columns if not column.volatile]
        record = tables.spark.createDataFrame([row], ", ".join(f"{column} string" for column in columns))
        stamped = record.withColumn("trained_at", sf.current_timestamp())
        tables.append(MODELS, stamped, f"model-{run_id}-{version}")
    metrics = {"durationSeconds": round(time.monotonic() - started, 3)}
    heads = {"heads": len(scenario.heads)}
    return StepResult("training", run_id, counts=heads, model=(name, version), metrics=metrics)


def _train(
    tables: Tables,
    scenario: Scenario,
    header: TrainingSet,
    settings: TrainingSettings,
    costs: dict[int, Cost],
    name: str,
    scratch: Path,
) -> tuple[str, str]:
    """Returns the new version and its MLflow run."""
    rows, validation = (training_rows(tables, header.run_id, split) for split in (TRAIN, VALIDATION))
    inputs = model_inputs(scenario, with_visits=settings.with_visits)
    size = {"trees": settings.trees, "depth": settings.depth, "seed": int(header.settings["seed"])}
    forests, baseline = concurrently(
        lambda: fit_forests(scenario, rows, inputs, **size), lambda: drift_baseline(scenario, validation)
    )
    thresholds = {horizon: cost.threshold for horizon, cost in costs.items()}
    (model, scores), reasons = concurrently(
        lambda: judged_model(scenario, forests, validation, thresholds, scratch),
        lambda: learn(scenario, rows, forests, inputs),
    )
    card = registry.ModelCard(
        run_id=header.run_id,
        feature_set_version=header.feature_set_version,
        feature_schema_hash=header.feature_schema_hash,
        thresholds={str(horizon): threshold for horizon, threshold in thresholds.items()},
        splits=header.splits,
        versions=header.versions,
        trained_until=header.splits[TRAIN][1],
        reasons=reasons,
        drift_baseline=baseline,
    )
    with mlflow.start_run(run_name=header.run_id, tags={"batchkeeper.run_id": header.run_id}) as run:
        _log(scenario, header, settings, inputs, scores)
        mlflow.log_dict({str(horizon): asdict(cost) for horizon, cost in costs.items()}, "costs.json")
        mlflow.log_dict(asdict(card), "card.json")
        version = registry.register(scenario, model, name, card)
    registry.set_alias(name, registry.CHALLENGER, version)
    return version, run.info.run_id


def _log(
    scenario: Scenario, header: TrainingSet, settings: TrainingSettings, inputs: Sequence[Input], scores: Scores
) -> None:
    features = feature_set(scenario)
    described = {"schemaHash": features.schema_hash, "features": [vars(feature) for feature in features.features]}
    mlflow.log_params({**vars(settings), **header.settings, "feature_set_version": header.feature_set_version})
    mlflow.log_params({f"version_{table}": version for table, version in header.versions.items()})
    mlflow.log_metrics(head_metrics(scenario, scores, "validation"))
    mlflow.log_dict(described, "features.json")
    mlflow.log_dict({"inputs": [vars(entry) for entry in inputs]}, "inputs.json")
    mlflow.log_dict(header.splits, "splits.json")
    mlflow.log_figure(reliability_plot(scenario, scores), "reliability.png")
