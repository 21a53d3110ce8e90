"""Labels: how long after each as-of point each component failed. A table of its own, never a column of a scoring input.

The label of (T, component, H) is 1 when the component fails at F with 0 < F - T <= H; a failure at T itself is the past.
A point gets labels only when the failures of its longest horizon are in, so no row near the watermark counts as healthy by mistake.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.tables import Column, Tables, TableSpec, literal
from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.features import GRID_SECONDS, HOUR, epoch, grid_point_at_or_after

HORIZONS = (24, 48, 168)
"""Hours ahead that are predicted."""

LABELS_TABLE = TableSpec(
    "labels",
    (
        Column("machine_id", "int"),
        Column("as_of", "timestamp", "UTC"),
        *(Column(f"{name}_fails_in_hours", "float", f"hours to the next failure; null: none in {HORIZONS[-1]} h") for name in COMPONENTS),
        Column("label_complete_at", "timestamp", "as_of + the longest horizon: from then on the row is final but for late records"),
    ),
    ("machine_id", "as_of"),
    "as_of",
    "What happened after each as-of point",
)

FAILS_IN = tuple(f"{component}_fails_in_hours" for component in COMPONENTS)


def label(component: str, horizon_hours: int) -> SparkColumn:
    """1.0 when `component` failed within the horizon, else 0.0."""
    return (sf.coalesce(sf.col(f"{component}_fails_in_hours"), sf.lit(float("inf"))) <= horizon_hours).cast("double")


def compute_labels(points: DataFrame, failures: DataFrame) -> DataFrame:
    """Labels of `points` (machine_id, as_of); `failures` must reach to the last point's longest horizon."""
    at = epoch("ts")
    # The grid points in [F - 168 h, F): a failure is handed to the few points it labels, so no range join is needed.
    first = grid_point_at_or_after(at - HORIZONS[-1] * HOUR)
    reached = failures.select(
        "machine_id", "comp", at.alias("at"), sf.explode(sf.sequence(first, at - 1, sf.lit(GRID_SECONDS))).alias("end")
    )
    hours = (sf.col("at") - sf.col("end")) / HOUR
    nearest = [
        sf.min(sf.when(sf.col("comp") == component, hours)).cast("float").alias(f"{component}_fails_in_hours") for component in COMPONENTS
    ]
    found = reached.groupBy("machine_id", sf.timestamp_seconds("end").alias("as_of")).agg(*nearest)
    complete = sf.timestamp_seconds(epoch("as_of") + HORIZONS[-1] * HOUR).alias("label_complete_at")
    return (
        points.select("machine_id", "as_of").join(found, ["machine_id", "as_of"], "left").select("machine_id", "as_of", *FAILS_IN, complete)
    )


def last_labelled(watermark: datetime) -> datetime:
    """The last as-of time whose labels are complete at `watermark`."""
    return watermark - timedelta(hours=HORIZONS[-1])


def update_labels(tables: Tables, watermark: datetime) -> tuple[int, int]:
    """Brings the labels table up to the failures' watermark; returns how many rows are new and how many late failures changed."""
    tables.ensure(LABELS_TABLE)
    until = last_labelled(watermark)
    points = tables.read("features").where(f"as_of <= {literal(until)}").select("machine_id", "as_of")
    fresh = compute_labels(points, tables.read("failures").where(f"ts <= {literal(watermark)}"))
    known = tables.read(LABELS_TABLE.name)
    before = known.agg(sf.count("*")).first()
    if before is None or not before[0]:
        tables.append(LABELS_TABLE, fresh, f"labels-{watermark.isoformat()}")
        return fresh.count(), 0
    missing = fresh.join(known, ["machine_id", "as_of"], "left_anti")
    added = tables.insert_only_merge(LABELS_TABLE, missing)
    old = known.select("machine_id", "as_of", *(sf.col(name).alias(f"old_{name}") for name in FAILS_IN))
    differs = sf.lit(False)
    for name in FAILS_IN:
        differs = differs | ~sf.col(name).eqNullSafe(sf.col(f"old_{name}"))
    changed = fresh.join(old, ["machine_id", "as_of"]).where(differs).select(*LABELS_TABLE.column_names)
    return added, tables.update_changed(LABELS_TABLE, changed)
