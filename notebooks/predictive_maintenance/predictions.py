"""The table of predictions: revisions instead of overwriting, and nothing written when nothing changed."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.tables import Column, Tables, TableSpec, literal

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
        Column("superseded", "boolean", "a later revision exists"),
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
)

_SCORE_KEY = ["machine_id", "as_of", "horizon_h", "component", "model_version"]
_VALUES = ("probability", "decision", "threshold", "reasons", "note")


def write_predictions(tables: Tables, fresh: DataFrame, span: tuple[datetime, datetime], model_version: str) -> tuple[int, int]:
    """Adds what is new or differs from the latest revision, then marks older revisions; returns how many of each.

    `fresh` has all columns but `revision` and `superseded`, all of `model_version`. A run cut off between the two steps is
    completed by its repetition.
    """
    inside = f"as_of BETWEEN {literal(span[0])} AND {literal(span[1])}"
    current = tables.read(PREDICTIONS.name).where(inside).where(sf.col("model_version") == model_version)
    if current.select("machine_id").isEmpty():
        rows = fresh.withColumns({"revision": sf.lit(1), "superseded": sf.lit(False)})
        return tables.insert_only_merge(PREDICTIONS, rows.select(*PREDICTIONS.column_names), span), 0
    latest = current.groupBy(*_SCORE_KEY).agg(
        sf.max_by(sf.struct("revision", *(sf.col(name).alias(f"old_{name}") for name in _VALUES)), "revision").alias("old")
    )
    differs = sf.col("old").isNull()
    for name in _VALUES:
        differs = differs | ~sf.col(name).eqNullSafe(sf.col(f"old.old_{name}"))
    changed = fresh.join(latest, _SCORE_KEY, "left").where(differs)
    rows = changed.withColumns({"revision": sf.coalesce(sf.col("old.revision"), sf.lit(0)) + 1, "superseded": sf.lit(False)})
    written = tables.insert_only_merge(PREDICTIONS, rows.select(*PREDICTIONS.column_names), span)
    return written, _mark_superseded(tables, inside, span)


def _mark_superseded(tables: Tables, inside: str, span: tuple[datetime, datetime]) -> int:
    current = tables.read(PREDICTIONS.name).where(inside)
    newest = current.where("revision > 1").groupBy(*_SCORE_KEY).agg(sf.max("revision").alias("newest"))
    older = current.where("NOT superseded").join(newest, _SCORE_KEY).where("revision < newest")
    marks = older.select(*PREDICTIONS.key, sf.lit(True).alias("superseded"))
    return tables.update_changed(PREDICTIONS, marks, span)
