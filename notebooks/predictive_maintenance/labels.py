"""Labels: how long after each as-of point each component failed. A table of its own, never a column of a scoring input.

The label of (T, component, H) is 1 when the component fails at F with 0 < F - T <= H; a failure at T itself is the past.
A point gets labels only when the failures of its longest horizon are in, so no row near the watermark counts as healthy by mistake.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.tables import Column, Tables, TableSpec, literal
from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.grid import GRID_SECONDS, HOUR, grid_point_at_or_after

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


def label(component: str, horizon_hours: int) -> str:
    """SQL: 1.0 when `component` failed within the horizon, else 0.0."""
    return f"CAST(coalesce({component}_fails_in_hours <= {horizon_hours}, false) AS DOUBLE)"


def compute_labels(points: DataFrame, failures: DataFrame) -> DataFrame:
    """Labels of `points` (machine_id, as_of); `failures` must reach to the last point's longest horizon."""
    # The grid points in [F - 168 h, F): a failure is handed to the few points it labels, so no range join is needed.
    at = failures.selectExpr("machine_id", "comp", "unix_timestamp(ts) AS at")
    first = grid_point_at_or_after(f"at - {HORIZONS[-1] * HOUR}")
    reached = at.selectExpr("*", f"explode(sequence({first}, at - 1, {GRID_SECONDS}L)) AS point")
    hours = f"(at - point) / {HOUR}"
    nearest = {name: f"min(CASE WHEN comp = '{name}' THEN {hours} END)" for name in COMPONENTS}
    columns = [sf.expr(f"CAST({least} AS FLOAT) AS {name}_fails_in_hours") for name, least in nearest.items()]
    found = reached.groupBy("machine_id", sf.expr("timestamp_seconds(point) AS as_of")).agg(*columns)
    complete = f"as_of + INTERVAL {HORIZONS[-1]} HOURS AS label_complete_at"
    labelled = points.select("machine_id", "as_of").join(found, ["machine_id", "as_of"], "left")
    return labelled.selectExpr("machine_id", "as_of", *FAILS_IN, complete)


def last_labelled(watermark: datetime) -> datetime:
    """The last as-of time whose labels are complete at `watermark`."""
    return watermark - timedelta(hours=HORIZONS[-1])


def update_labels(tables: Tables, watermark: datetime) -> tuple[int, int]:
    """Brings the labels table, which must be there, up to the failures' watermark; returns how many rows are new and how many changed."""
    until = last_labelled(watermark)
    points = tables.read("features").where(f"as_of <= {literal(until)}").select("machine_id", "as_of")
    fresh = compute_labels(points, tables.read("failures").where(f"ts <= {literal(watermark)}"))
    known = tables.read(LABELS_TABLE.name)
    if known.isEmpty():
        tables.append(LABELS_TABLE, fresh, f"labels-{watermark.isoformat()}")
        return tables.read(LABELS_TABLE.name).count(), 0
    missing = fresh.join(known, ["machine_id", "as_of"], "left_anti")
    added = tables.insert_only_merge(LABELS_TABLE, missing)
    old = known.selectExpr("machine_id", "as_of", *(f"{name} AS old_{name}" for name in FAILS_IN))
    same = " AND ".join(f"{name} <=> old_{name}" for name in FAILS_IN)
    changed = fresh.join(old, ["machine_id", "as_of"]).where(f"NOT ({same})").select(*LABELS_TABLE.column_names)
    return added, tables.update_changed(LABELS_TABLE, changed)
