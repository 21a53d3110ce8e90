"""The features step: finds the as-of points that are new or that late rows can change, and computes exactly those."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.coverage import complete_until, read_coverage
from batchkeeper.frames import apart, small_frame
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import StepResult
from batchkeeper.tables import UPDATED_PROPERTIES, Column, Tables, TableSpec, literal
from predictive_maintenance import standing
from predictive_maintenance.feature_set import FEATURE_NAMES, FEATURE_SET_VERSION, FEATURES, longest_window_hours
from predictive_maintenance.features import Points, SourceFrames, compute_features
from predictive_maintenance.grid import GRID_SECONDS, grid_times
from predictive_maintenance.sources import SOURCES
from predictive_maintenance.standing import Standing

FEATURES_TABLE = TableSpec(
    standing.FEATURES,
    (
        Column("machine_id", "int"),
        Column("as_of", "timestamp", "UTC; rows up to and with this time entered"),
        Column("feature_set_version", "string"),
        *(Column(feature.name, feature.type) for feature in FEATURES),
        Column("run_id", "string", "run that last changed the row"),
        Column("computed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("machine_id", "as_of"),
    "as_of",
    "Features per machine and as-of point (06:00 and 18:00 UTC)",
    # Files are found by machine and time alone; statistics of every feature would cost more than writing a day does.
    properties={**UPDATED_PROPERTIES, "delta.dataSkippingNumIndexedCols": "2"},
)

FEATURE_PROGRESS = TableSpec(
    standing.PROGRESS,
    (
        Column("touched_run_id", "string", "run whose rows in touched were taken into account"),
        Column("consumed_by", "string", "run that did so"),
        Column("consumed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("touched_run_id",),
    comment="Which late data the features already hold",
)


@dataclass(frozen=True)
class _Wanted:
    """Points to compute, and how many they are."""

    points: Points
    count: int


def _wanted(points: DataFrame) -> _Wanted | None:
    row = points.agg(sf.expr("count(*)"), sf.expr("unix_timestamp(min(as_of))"), sf.expr("unix_timestamp(max(as_of))")).first()
    if row is None or not row[0]:
        return None
    return _Wanted(Points(datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC), points), row[0])


def grid(tables: Tables, first: datetime, last: datetime) -> DataFrame:
    """Every machine at every as-of point from the first to the last."""
    listed = f"explode(sequence({int(first.timestamp())}L, {int(last.timestamp())}L, {GRID_SECONDS}L))"
    return tables.spark.sql(f"SELECT machine_id, timestamp_seconds(t) AS as_of FROM {tables.name('machines')} LATERAL VIEW {listed} AS t")


def _sources(tables: Tables, fleet: pa.Table, points: Points) -> SourceFrames:
    """The rows that features of the points can read; where these are only some, of their machines alone."""
    since = points.first - timedelta(hours=longest_window_hours())
    inside = f"ts > {literal(since)} AND ts <= {literal(points.last)}"
    # All of maintenance, of which there is little: a machine's last visit may be long ago.
    timed = [tables.read("telemetry").where(inside), tables.read("errors").where(inside), tables.read("maint")]
    frames = [tables.spark.createDataFrame(fleet), *timed]
    if points.only is not None:
        machines = points.only.select("machine_id").distinct()
        frames = [frame.join(sf.broadcast(machines), "machine_id", "left_semi") for frame in frames]
    return SourceFrames(*frames)


def _computed(tables: Tables, fleet: pa.Table, points: Points, run_id: str, *, again: bool) -> DataFrame:
    """The rows of the table for `points`: new ones, or known ones `again`, for a join with the old."""
    features = compute_features(_sources(tables, fleet, points), points, joined=again)
    return features.selectExpr(
        "*",
        f"'{FEATURE_SET_VERSION}' AS feature_set_version",
        f"'{run_id}' AS run_id",
        f"{apart('current_timestamp()', 'readings_normal')} AS computed_at",
    )


def _missing(tables: Tables, start: datetime, until: datetime, found: Standing) -> _Wanted | None:
    """The points up to `until` that the table lacks; when it holds all up to its last, only later ones."""
    whole = found.last is None or found.whole_since(start)
    times = grid_times(found.last or start if whole else start, until)
    if not times:
        return None
    first, last = datetime.fromtimestamp(times[0], UTC), datetime.fromtimestamp(times[-1], UTC)
    if whole:
        return _Wanted(Points(first, last), found.machines * len(times))
    existing = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of")
    return _wanted(grid(tables, first, last).join(existing, ["machine_id", "as_of"], "left_anti"))


def _add_missing(tables: Tables, start: datetime, until: datetime, found: Standing, run_id: str) -> int:
    """Computes the points up to `until` that the table lacks; they can only be new, so they are appended."""
    missing = _missing(tables, start, until, found)
    if missing is None:
        return 0
    rows = _computed(tables, found.fleet, missing.points, run_id, again=False)
    tables.append(FEATURES_TABLE, rows, f"features-{run_id}-{iso(until)}-{missing.count}")
    return missing.count


def _recompute(tables: Tables, fleet: pa.Table, affected: DataFrame, run_id: str) -> tuple[int, int]:
    """Computes existing points again; returns how many, and how many changed."""
    wanted = _wanted(affected)
    if wanted is None:
        return 0, 0
    computed = _computed(tables, fleet, wanted.points, run_id, again=True)
    values = f"struct({', '.join(FEATURE_NAMES)})"
    known = tables.read(FEATURES_TABLE.name).selectExpr("machine_id", "as_of", f"{values} AS known")
    extent = (wanted.points.first, wanted.points.last)
    span = f"as_of BETWEEN {literal(extent[0])} AND {literal(extent[1])}"
    changed = computed.join(known.where(span), ["machine_id", "as_of"]).where(f"NOT {values} <=> known").drop("known")
    return wanted.count, tables.update_changed(FEATURES_TABLE, changed, extent)


def _mark_consumed(tables: Tables, run_id: str, runs: list[str]) -> None:
    """Notes the runs whose rows were looked for; rows of a run that came meanwhile are left to the next run."""
    if runs:
        rows = small_frame(tables.spark, [("touched_run_id", "string"), ("consumed_by", "string")], [(run, run_id) for run in runs])
        transaction = f"progress-{run_id}-{hashlib.sha256(' '.join(runs).encode()).hexdigest()[:16]}"
        tables.append(FEATURE_PROGRESS, rows.selectExpr("*", "current_timestamp() AS consumed_at"), transaction)


def run_features(tables: Tables, parameters: JobParameters) -> StepResult:
    """Brings the features table up to the watermark. Repeating it writes nothing.

    Late rows are read from `touched`; a point is recomputed when a feature's reach covers it, whichever run brought the rows.
    """

    def look() -> Standing:
        ensure = partial(tables.ensure, FEATURES_TABLE, FEATURE_PROGRESS)
        if not tables.exists(FEATURES_TABLE.name):
            return both(partial(standing.at_first, tables), ensure)[0]
        ensure()
        return standing.look(tables, parameters.run_id)

    coverage, found = both(lambda: read_coverage(tables), look)
    until = complete_until(coverage, SOURCES)
    if until is None:
        return StepResult("features", parameters.run_id, "not_ready", "no time up to which all required sources are covered")
    recomputed = changed = 0
    if found.stale:
        recomputed, changed = _recompute(tables, found.fleet, standing.affected(tables, parameters.run_id), parameters.run_id)
    added = _add_missing(tables, coverage["telemetry"][0][0], until, found, parameters.run_id)
    counts = {"asOfPoints": added, "asOfPointsRecomputed": recomputed, "asOfPointsChanged": changed}
    # The version is read beside, since nothing else writes features meanwhile.
    _, version = both(lambda: _mark_consumed(tables, parameters.run_id, found.late_runs), lambda: tables.version(FEATURES_TABLE.name))
    if added + recomputed == 0:
        reason = f"no as-of point up to {iso(until)} is new or touched"
        return StepResult("features", parameters.run_id, "nothing_to_do", reason, counts=counts, watermark=until)
    return StepResult("features", parameters.run_id, counts=counts, tables={FEATURES_TABLE.name: version}, watermark=until)
