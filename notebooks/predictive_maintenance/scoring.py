"""The scoring step: chooses the as-of points, scores them with the champion and writes predictions and the results export."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, Widgets, iso, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.tables import Tables, literal
from predictive_maintenance import registry
from predictive_maintenance.champion import SCORE, STOP, Choice, fitting, weigh
from predictive_maintenance.export import write_export, write_summary
from predictive_maintenance.feature_set import COMPONENTS, FEATURE_SET_VERSION
from predictive_maintenance.feature_store import FEATURES_TABLE
from predictive_maintenance.heads import probability_column
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.model import model_inputs
from predictive_maintenance.predictions import PREDICTIONS, current_predictions, nothing_stored, revise_predictions
from predictive_maintenance.reasons import strongest, with_texts

_INPUTS = (FEATURES_TABLE.name, "telemetry", "errors", "maint", "machines")
_HEADS = len(COMPONENTS) * len(HORIZONS)


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


def score(points: DataFrame, version: registry.RegisteredVersion, model: PipelineModel) -> DataFrame:
    """One row per point, component and horizon: probability, decision, threshold and reasons."""
    card = version.card
    inputs = [entry for entry in model_inputs() if any(entry.name in weights for weights in card.reasons.values())]
    reasons = [f"{strongest(name, card.reasons, inputs)} AS reasons_{name}" for name in COMPONENTS]
    chances = [probability_column(name, horizon) for name in COMPONENTS for horizon in HORIZONS]
    heads = [
        f"struct('{name}' AS component, {horizon} AS horizon_h, round({probability_column(name, horizon)}, 6) AS probability, "
        f"{card.thresholds[str(horizon)]!r}D AS threshold, reasons_{name} AS reasons)"
        for name in COMPONENTS
        for horizon in HORIZONS
    ]
    keys = ("machine_id", "as_of", "feature_set_version")
    explained = with_texts(model.transform(points)).selectExpr(*keys, *chances, *reasons)
    rows = explained.selectExpr(*keys, f"inline(array({', '.join(heads)}))")
    return rows.selectExpr("*", "probability >= threshold AS decision")


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


def _extent(points: DataFrame) -> tuple[int, tuple[datetime, datetime]] | None:
    row = points.agg(sf.expr("count(*)"), sf.expr("unix_timestamp(min(as_of))"), sf.expr("unix_timestamp(max(as_of))")).first()
    if row is None or not row[0]:
        return None
    return int(row[0]), (datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC))


def run_scoring(tables: Tables, parameters: JobParameters, settings: ScoringSettings) -> StepResult:
    """Scores the points of this run. Without a model that may be used it writes nothing and says why; repeating it writes nothing."""
    tables.ensure(PREDICTIONS)
    if not tables.exists(FEATURES_TABLE.name):
        return _not_ready(parameters, "table features is missing: the features step has not been there")
    points = points_to_score(tables, parameters)
    name = registry.model_name(tables.catalog, tables.schema)
    extent, choice = both(lambda: _extent(points), lambda: fitting(tables, name))
    if extent is None:
        return StepResult(
            "scoring", parameters.run_id, "nothing_to_do", "no as-of point in the window or new in this run", counts=_counts()
        )
    count, span = extent
    choice = weigh(tables, choice, span[1], max_age_days=settings.max_model_age_days, on_doubt=settings.on_doubt)
    if choice.version is None:
        return _not_ready(parameters, choice.refusal or "no model")
    versions, written, superseded, alerts = _score_and_write(tables, parameters, choice, choice.version, points, span, count)
    return StepResult(
        "scoring",
        parameters.run_id,
        counts=_counts(count, written, superseded, alerts),
        tables={**versions, PREDICTIONS.name: tables.version(PREDICTIONS.name)},
        watermark=span[1],
        model=(name, choice.version.version),
        warnings=choice.notes,
        metrics={"firstAsOf": iso(span[0]), "lastAsOf": iso(span[1])},
    )


def _score_and_write(
    tables: Tables,
    parameters: JobParameters,
    choice: Choice,
    version: registry.RegisteredVersion,
    points: DataFrame,
    span: tuple[datetime, datetime],
    count: int,
) -> tuple[dict[str, int], int, int, int]:
    """Returns the versions of the inputs and how many predictions were written, superseded and alert."""
    model, (versions, first) = both(
        lambda: registry.load(version), lambda: (tables.versions(_INPUTS), nothing_stored(tables, span, version.version))
    )
    scored = score(points, version, model)
    stamp = partial(_stamped, choice=choice, version=version, run_id=parameters.run_id, inputs=versions)
    if not first:
        written, superseded = revise_predictions(tables, stamp(scored), span, version.version)
        rows = current_predictions(tables, points.select("machine_id", "as_of"), span, version.version)
        return versions, written, superseded, write_summary(parameters, version, write_export(tables, parameters, rows), span, count)
    # The table takes the rows from the export, so that the model computes them once.
    exported = write_export(tables, parameters, stamp(scored).selectExpr("*", "1 AS revision"))
    rows = stamp(exported.selectExpr("*", f"'{FEATURE_SET_VERSION}' AS feature_set_version", "false AS superseded"))
    transaction = f"predictions-{parameters.run_id}-{version.version}-{iso(span[0])}-{iso(span[1])}"
    alerts, _ = both(
        lambda: write_summary(parameters, version, exported, span, count), lambda: tables.append(PREDICTIONS, rows, transaction)
    )
    return versions, count * _HEADS, 0, alerts


def _counts(points: int = 0, written: int = 0, superseded: int = 0, alerts: int = 0) -> dict[str, int]:
    return {
        "asOfPoints": points,
        "predictions": points * _HEADS,
        "predictionsWritten": written,
        "predictionsSuperseded": superseded,
        "alerts": alerts,
    }
