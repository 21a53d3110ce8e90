"""Labels: how long after each as-of point each target failed. A table of its own, never a column of a scoring input.

The label of (T, target, H) is 1 when the target fails at F with 0 < F - T <= H; a failure at T itself is the past. A
point gets labels only when the failures of its longest horizon are in, so no row near the watermark counts as healthy
by mistake.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.query import text
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.features.grid import HOUR, AsOfGrid
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.tables.features import FEATURES, LABELS, fails_in, label_columns, labels_table


def label(target: str, horizon_hours: int) -> str:
    """SQL: 1.0 when `target` failed within the horizon, else 0.0."""
    return f"CAST(coalesce({fails_in(target)} <= {horizon_hours}, false) AS DOUBLE)"


def of_target(scenario: Scenario, target: str) -> str:
    """SQL: whether a row of the targets' source is an event of this target."""
    column = scenario.targets.column
    return f"{column} = {text(scenario.spelled(target))}" if column else "true"


def target_name(scenario: Scenario) -> str:
    """SQL: the target of a row of the targets' source, as predictions name it."""
    column = scenario.targets.column
    if not column:
        return f"'{scenario.targets.names[0]}'"
    if not scenario.targets.spelled:
        return column
    # Null for all else: the name of a target that files write otherwise is no target of theirs.
    known = " ".join(f"WHEN {text(scenario.spelled(name))} THEN '{name}'" for name in scenario.targets.names)
    return f"CASE {column} {known} END"


def compute_labels(scenario: Scenario, points: DataFrame, failures: DataFrame) -> DataFrame:
    """Labels of `points` (entity, as_of); `failures` must reach to the last point's longest horizon."""
    grid, longest, key = AsOfGrid.of(scenario), scenario.hours[-1], list(scenario.key)
    # The grid points in [F - horizon, F): a failure is handed to the few points it labels, so no range join is needed.
    at = failures.selectExpr("*", f"unix_timestamp({TIME}) AS at")
    first = grid.bin_end(f"at - {longest * HOUR}")
    # A failure less than a horizon after the first point that is not before it labels none.
    reached = at.where(f"{first} < at").selectExpr("*", f"explode(sequence({first}, at - 1, {grid.step}L)) AS point")
    hours = f"(at - point) / {HOUR}"
    nearest = [
        sf.expr(f"CAST(min(CASE WHEN {of_target(scenario, name)} THEN {hours} END) AS FLOAT) AS {fails_in(name)}")
        for name in scenario.targets.names
    ]
    ahead = reached.groupBy(scenario.entity.name, sf.expr("timestamp_seconds(point) AS as_of")).agg(*nearest)
    complete = f"as_of + INTERVAL {longest} HOURS AS label_complete_at"
    return points.select(*key).join(ahead, key, "left").selectExpr(*key, *label_columns(scenario), complete)


def last_labelled(scenario: Scenario, watermark: datetime) -> datetime:
    """The last as-of time whose labels are complete at `watermark`."""
    return watermark - timedelta(hours=scenario.hours[-1])


def update_labels(tables: Tables, scenario: Scenario, watermark: datetime) -> tuple[int, int]:
    """Brings the labels table, which must be there, up to the failures' watermark; returns how many rows are new and
    how many changed.
    """
    spec, key = labels_table(scenario), list(scenario.key)
    # Another longest horizon changes when a row is final.
    names = (*label_columns(scenario), "label_complete_at")
    until = last_labelled(scenario, watermark)
    points = tables.read(FEATURES).where(f"as_of <= {literal(until)}").select(*key)
    failures = tables.read(scenario.targets.name).where(f"{TIME} <= {literal(watermark)}")
    fresh = compute_labels(scenario, points, failures)
    known = tables.read(LABELS)
    if known.isEmpty():
        tables.append(spec, fresh, f"labels-{watermark.isoformat()}")
        return tables.read(LABELS).count(), 0
    added = tables.insert_only_merge(spec, fresh.join(known, key, "left_anti"))
    old = known.selectExpr(*key, *(f"{name} AS old_{name}" for name in names))
    same = " AND ".join(f"{name} <=> old_{name}" for name in names)
    changed = fresh.join(old, key).where(f"NOT ({same})").select(*spec.column_names)
    return added, tables.update_changed(spec, changed)
