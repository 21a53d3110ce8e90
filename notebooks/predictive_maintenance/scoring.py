"""The scoring step: chooses the as-of points, scores them with the champion and writes predictions and the results export."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError
from batchkeeper.parameters import JobParameters, Widgets, iso, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.tables import Tables, literal
from predictive_maintenance import registry
from predictive_maintenance.champion import SCORE, STOP, Choice, choose
from predictive_maintenance.export import export_results
from predictive_maintenance.feature_set import COMPONENTS, FEATURE_SET_VERSION
from predictive_maintenance.feature_store import FEATURES_TABLE
from predictive_maintenance.heads import probability_column
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.model import model_inputs
from predictive_maintenance.predictions import PREDICTIONS, write_predictions
from predictive_maintenance.reasons import strongest, texts

_INPUTS = (FEATURES_TABLE.name, "telemetry", "errors", "maint", "machines")


@dataclass(frozen=True)
class ScoringSettings:
    """The step's own parameters."""

    max_model_age_days: int = 365
    on_doubt: str = SCORE

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> ScoringSettings:
        """Reads `max_model_age_days` and `on_doubt` (score or stop); each has a default."""
        days = text_parameter(widgets, "max_model_age_days", default=str(cls.max_model_age_days))
        if not days.isdigit():
            raise ParameterError(f"max_model_age_days: {days!r} is no whole number")
        doubt = text_parameter(widgets, "on_doubt", default=cls.on_doubt)
        if doubt not in (SCORE, STOP):
            raise ParameterError(f"on_doubt: {doubt!r} must be {SCORE} or {STOP}")
        return cls(int(days), doubt)


def points_to_score(tables: Tables, parameters: JobParameters) -> DataFrame:
    """Feature rows of the window asked for; without one those that this run's features step added or changed."""
    rows = tables.read(FEATURES_TABLE.name).where(sf.col("feature_set_version") == FEATURE_SET_VERSION)
    if parameters.window_start and parameters.window_end:
        return rows.where(f"as_of >= {literal(parameters.window_start)} AND as_of < {literal(parameters.window_end)}")
    return rows.where(sf.col("run_id") == parameters.run_id)


def score(points: DataFrame, version: registry.RegisteredVersion) -> DataFrame:
    """One row per point, component and horizon: probability, decision, threshold and reasons."""
    card = version.card
    inputs = [entry for entry in model_inputs() if any(entry.name in weights for weights in card.reasons.values())]
    scored = registry.load(version).transform(points)
    described = scored.withColumns({f"text_{family}": text for family, text in texts().items()})
    causes = described.withColumns({f"reasons_{name}": strongest(name, card.reasons, inputs) for name in COMPONENTS})
    heads = [
        sf.struct(
            sf.lit(component).alias("component"),
            sf.lit(horizon).alias("horizon_h"),
            sf.round(probability_column(component, horizon), 6).alias("probability"),
            sf.lit(card.thresholds[str(horizon)]).alias("threshold"),
            sf.col(f"reasons_{component}").alias("reasons"),
        )
        for component in COMPONENTS
        for horizon in HORIZONS
    ]
    rows = causes.select("machine_id", "as_of", "feature_set_version", sf.explode(sf.array(*heads)).alias("head"))
    return rows.select(
        "machine_id", "as_of", "feature_set_version", "head.*", (sf.col("head.probability") >= sf.col("head.threshold")).alias("decision")
    )


def _stamped(scored: DataFrame, choice: Choice, version: registry.RegisteredVersion, run_id: str, inputs: dict[str, int]) -> DataFrame:
    return scored.withColumns(
        {
            "model_name": sf.lit(version.name),
            "model_version": sf.lit(version.version),
            "model_run_id": sf.lit(version.mlflow_run_id),
            "note": sf.lit("; ".join(choice.notes) or None).cast("string"),
            "input_versions": sf.lit(json.dumps(inputs)),
            "run_id": sf.lit(run_id),
            "scored_at": sf.current_timestamp(),
            "available_at": sf.current_timestamp(),
        }
    )


def _not_ready(parameters: JobParameters, reason: str) -> StepResult:
    return StepResult("scoring", parameters.run_id, "not_ready", reason)


def run_scoring(tables: Tables, parameters: JobParameters, settings: ScoringSettings) -> StepResult:
    """Scores the points of this run. Without a model that may be used it writes nothing and says why; repeating it writes nothing."""
    tables.ensure(PREDICTIONS)
    if not tables.exists(FEATURES_TABLE.name):
        return _not_ready(parameters, "table features is missing: the features step has not been there")
    points = points_to_score(tables, parameters)
    extent = points.agg(sf.count("*"), sf.min(sf.unix_timestamp("as_of")), sf.max(sf.unix_timestamp("as_of"))).first()
    if extent is None or not extent[0]:
        return StepResult(
            "scoring", parameters.run_id, "nothing_to_do", "no as-of point in the window or new in this run", counts=_counts()
        )
    span = datetime.fromtimestamp(extent[1], UTC), datetime.fromtimestamp(extent[2], UTC)
    name = registry.model_name(tables.catalog, tables.schema)
    choice = choose(tables, name, span[1], max_age_days=settings.max_model_age_days, on_doubt=settings.on_doubt)
    if choice.version is None:
        return _not_ready(parameters, choice.refusal or "no model")
    versions = {table: tables.version(table) for table in _INPUTS}
    fresh = _stamped(score(points, choice.version), choice, choice.version, parameters.run_id, versions)
    written, superseded = write_predictions(tables, fresh, span, choice.version.version)
    alerts = export_results(tables, parameters, choice.version, points.select("machine_id", "as_of"), span, extent[0])
    counts = _counts(extent[0], written, superseded, alerts)
    return StepResult(
        "scoring",
        parameters.run_id,
        counts=counts,
        tables={**versions, PREDICTIONS.name: tables.version(PREDICTIONS.name)},
        watermark=span[1],
        model=(name, choice.version.version),
        warnings=choice.notes,
        metrics={"firstAsOf": iso(span[0]), "lastAsOf": iso(span[1])},
    )


def _counts(points: int = 0, written: int = 0, superseded: int = 0, alerts: int = 0) -> dict[str, int]:
    heads = len(COMPONENTS) * len(HORIZONS)
    return {
        "asOfPoints": points,
        "predictions": points * heads,
        "predictionsWritten": written,
        "predictionsSuperseded": superseded,
        "alerts": alerts,
    }
