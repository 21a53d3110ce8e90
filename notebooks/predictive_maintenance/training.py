"""The training step: fits, calibrates and registers one model version with twelve heads."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError, TableError
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.staging import scratch_folder, staged
from batchkeeper.tables import Column, Tables, TableSpec
from predictive_maintenance import registry
from predictive_maintenance.feature_set import COMPONENTS, FEATURES, schema_hash
from predictive_maintenance.heads import (
    CalibratedHeads,
    Calibration,
    classes_column,
    fit_calibration,
    probability_column,
    raw_score,
    with_scores,
)
from predictive_maintenance.labels import FAILS_IN, HORIZONS, label
from predictive_maintenance.metrics import Scores, tally_scores
from predictive_maintenance.model import VECTOR, Input, fit_forests, model_inputs
from predictive_maintenance.plots import reliability_plot
from predictive_maintenance.reasons import learn
from predictive_maintenance.splits import TRAIN, VALIDATION
from predictive_maintenance.thresholds import Cost, parse_costs
from predictive_maintenance.training_set import TrainingSet, read_training_set, training_rows

MODELS_TABLE = TableSpec(
    "models",
    (
        Column("run_id", "string", "training run"),
        Column("model_name", "string"),
        Column("model_version", "string"),
        Column("mlflow_run_id", "string"),
        Column("feature_schema_hash", "string"),
        Column("trained_at", "timestamp", volatile=True),
    ),
    ("run_id",),
    comment="The model version that each training run registered",
)


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


def calibrate(scored: DataFrame) -> dict[str, dict[int, Calibration]]:
    """Calibration curves of all heads from scored validation rows; one Spark job over scores rounded to .001."""
    heads = [
        f"struct('{name}' AS component, {horizon} AS horizon, {raw_score(name, horizon)} AS s, {label(name, horizon)} AS y)"
        for name in COMPONENTS
        for horizon in HORIZONS
    ]
    rows = with_scores(scored).selectExpr(f"inline(array({', '.join(heads)}))")
    slotted = rows.selectExpr("component", "horizon", "floor(s * 1000 + 0.5D) AS slot", "y")
    groups = slotted.groupBy("component", "horizon", "slot").agg(sf.expr("sum(y) AS positives"), sf.expr("count(*) AS rows"))
    found: dict[tuple[str, int], list[Any]] = {(name, horizon): [] for name in COMPONENTS for horizon in HORIZONS}
    for row in groups.collect():
        found[row["component"], row["horizon"]].append((row["slot"] / 1000, row["positives"], row["rows"]))
    curves: dict[str, dict[int, Calibration]] = {}
    for (name, horizon), entries in found.items():
        scores, positives, counts = zip(*sorted(entries), strict=True)
        curves.setdefault(name, {})[horizon] = fit_calibration(scores, positives, counts)
    return curves


def _whole(forests: PipelineModel, heads: CalibratedHeads) -> PipelineModel:
    """The whole pipeline: plain columns in, the same columns and twelve probabilities out."""
    inputs = forests.stages[1].getInputCols()
    between = [*inputs, VECTOR, *(f"{kind}_{name}" for name in COMPONENTS for kind in ("classes", "raw", "class_predicted"))]
    drop = SQLTransformer(statement=f"SELECT * EXCEPT ({', '.join(between)}) FROM __THIS__")
    return PipelineModel(stages=[*forests.stages, heads, drop])


def drift_baseline(rows: DataFrame) -> dict[str, list[float]]:
    """Deciles of every numeric feature. `rows` must be a whole split: the training split is a sample that would look like drift."""
    names = [feature.name for feature in FEATURES if feature.type != "string"]
    numbers = rows.selectExpr(*(f"CAST({name} AS DOUBLE) AS {name}" for name in names))
    quantiles = numbers.approxQuantile(names, [step / 10 for step in range(1, 10)], 0.005)
    return dict(zip(names, quantiles, strict=True))


def head_metrics(scores: Scores, prefix: str) -> dict[str, float]:
    """All qualities of all heads under MLflow metric names."""
    found: dict[str, float] = {}
    for horizon in HORIZONS:
        found |= {f"{prefix}_micro_{name}_{horizon}h": value for name, value in scores.micro(horizon).quality().items()}
        for component in COMPONENTS:
            quality = scores.head(component, horizon).quality()
            found |= {f"{prefix}_{component}_{name}_{horizon}h": value for name, value in quality.items()}
            found[f"{prefix}_{component}_calibration_error_{horizon}h"] = scores.calibration_error(component, horizon)
    return found


def probability_columns() -> dict[tuple[str, int], str]:
    """The model's output columns by head."""
    return {(name, horizon): probability_column(name, horizon) for name in COMPONENTS for horizon in HORIZONS}


def _log(header: TrainingSet, settings: TrainingSettings, inputs: list[Input], scores: Scores) -> None:
    mlflow.log_params({**vars(settings), **header.settings, "feature_set_version": header.feature_set_version})
    mlflow.log_params({f"version_{table}": version for table, version in header.versions.items()})
    mlflow.log_metrics(head_metrics(scores, "validation"))
    mlflow.log_dict({"schemaHash": schema_hash(), "features": [vars(feature) for feature in FEATURES]}, "features.json")
    mlflow.log_dict({"inputs": [vars(entry) for entry in inputs]}, "inputs.json")
    mlflow.log_dict(header.splits, "splits.json")
    mlflow.log_figure(reliability_plot(scores), "reliability.png")


def _judged(forests: PipelineModel, validation: DataFrame, thresholds: dict[int, float], scratch: Path) -> tuple[PipelineModel, Scores]:
    """The whole pipeline, calibrated on the validation rows, and its scores there; the forests see the rows once."""
    needed = (*FAILS_IN, "machine_model", "machine_age_years", *map(classes_column, COMPONENTS))
    classified = staged(forests.transform(validation).select(*needed), scratch)
    heads = CalibratedHeads.of(calibrate(classified))
    return _whole(forests, heads), tally_scores(heads.transform(classified), probability_columns(), thresholds)


def _train(
    tables: Tables, header: TrainingSet, settings: TrainingSettings, costs: dict[int, Cost], name: str, scratch: Path
) -> tuple[str, str]:
    rows = training_rows(tables, header.run_id, TRAIN)
    inputs = model_inputs(with_visits=settings.with_visits)
    validation = training_rows(tables, header.run_id, VALIDATION)
    seed = int(header.settings["seed"])
    forests, baseline = both(
        lambda: fit_forests(rows, inputs, trees=settings.trees, depth=settings.depth, seed=seed), lambda: drift_baseline(validation)
    )
    thresholds = {horizon: cost.threshold for horizon, cost in costs.items()}
    (model, scores), reasons = both(lambda: _judged(forests, validation, thresholds, scratch), lambda: learn(rows, forests, inputs))
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
        _log(header, settings, inputs, scores)
        mlflow.log_dict({str(horizon): asdict(cost) for horizon, cost in costs.items()}, "costs.json")
        mlflow.log_dict(asdict(card), "card.json")
        version = registry.register(model, name, card)
    registry.set_alias(name, registry.CHALLENGER, version)
    return version, run.info.run_id


def trained_version(tables: Tables, run_id: str) -> str | None:
    """The version that the training step of `run_id` registered, or None. The table must be there."""
    row = tables.read(MODELS_TABLE.name).where(sf.col("run_id") == run_id).select("model_version").first()
    return str(row[0]) if row else None


def run_training(tables: Tables, parameters: JobParameters, settings: TrainingSettings) -> StepResult:
    """Fits on the rows that the training-set step wrote; a repetition finds the registered version and fits nothing.

    Raises:
        TableError: no training set of this run, or one for other features than this code computes.
    """
    costs = parse_costs(settings.costs)
    tables.ensure(MODELS_TABLE)
    header, version = both(lambda: read_training_set(tables, parameters.run_id), lambda: trained_version(tables, parameters.run_id))
    if header.feature_schema_hash != schema_hash():
        raise TableError(
            f"training set of {parameters.run_id} has features {header.feature_schema_hash}, this code computes {schema_hash()}"
        )
    name = registry.model_name(tables.catalog, tables.schema)
    started = time.monotonic()
    if version is None:
        with scratch_folder(parameters) as scratch:
            version, mlflow_run = _train(tables, header, settings, costs, name, scratch)
        row = (parameters.run_id, name, version, mlflow_run, header.feature_schema_hash)
        columns = MODELS_TABLE.column_names[:5]
        record = tables.spark.createDataFrame([row], ", ".join(f"{column} string" for column in columns))
        tables.append(MODELS_TABLE, record.withColumn("trained_at", sf.current_timestamp()), f"model-{parameters.run_id}-{version}")
    metrics = {"durationSeconds": round(time.monotonic() - started, 3)}
    return StepResult(
        "training", parameters.run_id, counts={"heads": len(COMPONENTS) * len(HORIZONS)}, model=(name, version), metrics=metrics
    )
