"""The table of predictions: revisions instead of overwriting, and nothing written when nothing changed."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.tables import UPDATED_PROPERTIES, Column, Tables, TableSpec, literal

PREDICTIONS = TableSpec(
    "predictions",
    (
        Column("machine_id", "int"),
        Column("as_of", "timestamp", "UTC"),
        Column("horizon_h", "int", "hours ahead"),
        Column("component", "string"),
        Column("model_version", "string"),
        Column("revision", "int", "1, and one more for each later score with other values"),
        Column("probability", "double", "calibrated, of a failure in (as_of, as_of + horizon]"),
        Column("decision", "boolean", "alert: probability at or above the threshold"),
        Column("threshold", "double"),
        Column("reasons", "array<string>", "up to three causes, the strongest first"),
        Column("note", "string", "what is doubtful about the model, or null"),
        Column("superseded", "boolean", "a later revision exists, or the point is no more"),
        Column("model_name", "string"),
        Column("model_run_id", "string", "MLflow run"),
        Column("feature_set_version", "string"),
        Column("input_versions", "string", "Delta version of each input table, as JSON"),
        Column("run_id", "string", "scoring run"),
        Column("available_at", "timestamp", "when the row could be read", volatile=True),
        Column("scored_at", "timestamp", "when the row was computed", volatile=True),
    ),
    ("machine_id", "as_of", "horizon_h", "component", "model_version", "revision"),
    "as_of",
    "Probability of failure per machine, as-of point, component and horizon",
    properties={**UPDATED_PROPERTIES, "delta.dataSkippingNumIndexedCols": "6"},
)

_SCORE_KEY = ["machine_id", "as_of", "horizon_h", "component", "model_version"]
_VALUES = ("probability", "decision", "threshold", "reasons", "note")


def nothing_stored(tables: Tables, span: tuple[datetime, datetime], model_version: str) -> bool:
    """Whether the span holds no prediction of the model version yet."""
    return bool(_current(tables, span, model_version).select("machine_id").isEmpty())


def _inside(span: tuple[datetime, datetime]) -> str:
    return f"as_of BETWEEN {literal(span[0])} AND {literal(span[1])}"


def _current(tables: Tables, span: tuple[datetime, datetime], model_version: str) -> DataFrame:
    return tables.read(PREDICTIONS.name).where(f"{_inside(span)} AND model_version = '{model_version}'")


def add_predictions(tables: Tables, fresh: DataFrame, span: tuple[datetime, datetime], model_version: str, transaction: str) -> None:
    """Appends first revisions, once per transaction: of points that have none of the model version, lest another run came in between.

    That the rows depend on the table makes Delta refuse the append when another writer was quicker; then it is tried again.
    """
    known = _current(tables, span, model_version).select("machine_id", "as_of")
    first = fresh.selectExpr("*", "1 AS revision", "false AS superseded")
    tables.append(PREDICTIONS, first.join(known, ["machine_id", "as_of"], "left_anti"), transaction)


def revise_predictions(tables: Tables, fresh: DataFrame, span: tuple[datetime, datetime], model_version: str) -> tuple[int, int]:
    """Adds what is new or differs from the latest revision, then marks older revisions; returns how many of each.

    `fresh` has all columns but `revision` and `superseded`, all of `model_version`. A run cut off between the two steps is
    completed by its repetition.
    """
    old = ", ".join(("revision", "superseded", *_VALUES))
    latest = _current(tables, span, model_version).groupBy(*_SCORE_KEY).agg(sf.expr(f"max_by(struct({old}), revision) AS old"))
    same = " AND ".join(f"{name} <=> old.{name}" for name in _VALUES)
    # The latest revision is superseded only where its point was withdrawn, and has come back.
    changed = fresh.join(latest, _SCORE_KEY, "left").where(f"old IS NULL OR old.superseded OR NOT ({same})")
    rows = changed.selectExpr("*", "coalesce(old.revision, 0) + 1 AS revision", "false AS superseded")
    written = tables.insert_only_merge(PREDICTIONS, rows.select(*PREDICTIONS.column_names), span)
    return written, _mark_superseded(tables, span)


def _mark_superseded(tables: Tables, span: tuple[datetime, datetime]) -> int:
    current = tables.read(PREDICTIONS.name).where(_inside(span))
    newest = current.where("revision > 1").groupBy(*_SCORE_KEY).agg(sf.max("revision").alias("newest"))
    older = current.where("NOT superseded").join(newest, _SCORE_KEY).where("revision < newest")
    return tables.update_changed(PREDICTIONS, older.selectExpr(*PREDICTIONS.key, "true AS superseded"), span)


def withdraw_predictions(tables: Tables, points: DataFrame, span: tuple[datetime, datetime]) -> int:
    """Marks all predictions of the points (machine_id, as_of), which lie in the span and are no more; returns how many."""
    current = tables.read(PREDICTIONS.name).where(f"{_inside(span)} AND NOT superseded")
    wrong = current.join(points, ["machine_id", "as_of"], "left_semi")
    return tables.update_changed(PREDICTIONS, wrong.selectExpr(*PREDICTIONS.key, "true AS superseded"), span)


def current_predictions(tables: Tables, points: DataFrame, span: tuple[datetime, datetime], model_version: str) -> DataFrame:
    """The latest revisions of the points (machine_id, as_of)."""
    return _current(tables, span, model_version).where("NOT superseded").join(points, ["machine_id", "as_of"], "left_semi")
