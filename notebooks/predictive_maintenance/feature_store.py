"""The features step: finds the as-of points that are new or that late rows can change, and computes exactly those."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.coverage import read_coverage
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import StepResult
from batchkeeper.tables import Column, Tables, TableSpec, literal
from predictive_maintenance.feature_set import FEATURE_NAMES, FEATURE_SET_VERSION, FEATURES, longest_window_hours, reach_hours
from predictive_maintenance.features import GRID_SECONDS, SourceFrames, compute_features, grid_point_at_or_after
from predictive_maintenance.sources import TOUCHED, watermark

FEATURES_TABLE = TableSpec(
    "features",
    (
        Column("machine_id", "int"),
        Column("as_of", "timestamp", "UTC; rows up to and with this time entered"),
        Column("feature_set_version", "string"),
        *(Column(feature.name, feature.type) for feature in FEATURES),
        Column("feature_hash", "bigint", "hash of all features, to find changed rows"),
        Column("run_id", "string", "run that last changed the row"),
        Column("computed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("machine_id", "as_of"),
    "as_of",
    "Features per machine and as-of point (06:00 and 18:00 UTC)",
)

FEATURE_PROGRESS = TableSpec(
    "feature_progress",
    (
        Column("touched_run_id", "string", "run whose rows in touched were taken into account"),
        Column("consumed_by", "string", "run that did so"),
        Column("consumed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("touched_run_id",),
    comment="Which late data the features already hold",
)

_SOURCES = ("telemetry", "errors", "maint", "machines")


@dataclass(frozen=True)
class _Extent:
    """How many points there are, from the first to the last as-of time."""

    count: int
    first: datetime
    last: datetime


def _extent(points: DataFrame) -> _Extent | None:
    row = points.agg(sf.count("*"), sf.min(sf.unix_timestamp("as_of")), sf.max(sf.unix_timestamp("as_of"))).first()
    if row is None or not row[0]:
        return None
    return _Extent(row[0], datetime.fromtimestamp(row[1], UTC), datetime.fromtimestamp(row[2], UTC))


def grid(tables: Tables, start: datetime, end: datetime) -> DataFrame:
    """Every machine at every as-of point in (start, end]."""
    first = grid_point_at_or_after(sf.lit(int(start.timestamp()) + 1))
    times = tables.spark.range(1).select(sf.explode(sf.sequence(first, sf.lit(int(end.timestamp())), sf.lit(GRID_SECONDS))).alias("end"))
    machines = tables.read("machines").select("machine_id")
    return machines.crossJoin(sf.broadcast(times)).select("machine_id", sf.timestamp_seconds("end").alias("as_of"))


def _touched(tables: Tables, run_id: str) -> DataFrame:
    """Spans (source, machine_id, from_ts, to_ts) of late rows that no other run has taken into account."""
    done = tables.read(FEATURE_PROGRESS.name).where(sf.col("consumed_by") != run_id).select(sf.col("touched_run_id").alias("run_id"))
    return tables.read(TOUCHED.name).where(sf.col("source").isin(*_SOURCES)).join(sf.broadcast(done), "run_id", "left_anti")


def _reached(touched: DataFrame) -> DataFrame:
    """Spans [from_ts, until) of as-of times that the touched rows can change, per machine."""
    unbounded = sf.timestamp_seconds(sf.lit(253370764800))  # year 9999
    until: SparkColumn = unbounded
    for source in _SOURCES:
        hours = reach_hours(source)
        if hours is not None:
            until = sf.when(sf.col("source") == source, sf.col("to_ts") + sf.make_interval(hours=sf.lit(hours))).otherwise(until)
    since = sf.when(sf.col("source") == "machines", sf.timestamp_seconds(sf.lit(0))).otherwise(sf.col("from_ts"))
    return touched.groupBy("machine_id", since.alias("from_as_of"), until.alias("until_as_of")).agg(sf.count("*").alias("spans"))


def _sources(tables: Tables, extent: _Extent, points: DataFrame | None) -> SourceFrames:
    """The rows that features of the points can read; with `points` those of their machines alone."""
    since = extent.first - timedelta(hours=longest_window_hours())
    inside = f"ts > {literal(since)} AND ts <= {literal(extent.last)}"
    until = f"ts <= {literal(extent.last)}"
    frames = [tables.read("telemetry").where(inside), tables.read("errors").where(inside), tables.read("maint").where(until)]
    if points is not None:
        machines = points.select("machine_id").distinct()
        frames = [frame.join(sf.broadcast(machines), "machine_id", "left_semi") for frame in frames]
    return SourceFrames(tables.read("machines"), *frames)


def _computed(tables: Tables, points: DataFrame, extent: _Extent, run_id: str, *, all_machines: bool) -> DataFrame:
    features = compute_features(_sources(tables, extent, None if all_machines else points), points)
    return features.select(
        "machine_id",
        "as_of",
        sf.lit(FEATURE_SET_VERSION).alias("feature_set_version"),
        *FEATURE_NAMES,
        sf.xxhash64(sf.lit(FEATURE_SET_VERSION), *FEATURE_NAMES).alias("feature_hash"),
        sf.lit(run_id).alias("run_id"),
        sf.current_timestamp().alias("computed_at"),
    )


def _add_missing(tables: Tables, until: datetime, run_id: str) -> int:
    """Computes the points up to `until` that the table lacks; they can only be new, so they are appended."""
    start = read_coverage(tables)["telemetry"][0][0]
    existing = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of")
    missing = grid(tables, start, until).join(existing, ["machine_id", "as_of"], "left_anti")
    extent = _extent(missing)
    if extent is None:
        return 0
    rows = _computed(tables, missing, extent, run_id, all_machines=True)
    tables.append(FEATURES_TABLE, rows, f"features-{run_id}-{iso(until)}-{extent.count}")
    return extent.count


def _recompute(tables: Tables, affected: DataFrame, run_id: str) -> tuple[int, int]:
    """Computes existing points again; returns how many, and how many changed."""
    extent = _extent(affected)
    if extent is None:
        return 0, 0
    computed = _computed(tables, affected, extent, run_id, all_machines=False)
    known = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of", sf.col("feature_hash").alias("known_hash"))
    span = f"as_of BETWEEN {literal(extent.first)} AND {literal(extent.last)}"
    changed = computed.join(known.where(span), ["machine_id", "as_of"]).where("feature_hash <> known_hash").drop("known_hash")
    return extent.count, tables.update_changed(FEATURES_TABLE, changed, (extent.first, extent.last))


def _affected(tables: Tables, run_id: str) -> DataFrame:
    """Existing points that late rows can change, and those of an older feature set."""
    existing = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of", "feature_set_version")
    spans = sf.broadcast(_reached(_touched(tables, run_id)).select("machine_id", "from_as_of", "until_as_of"))
    reached = (sf.col("as_of") >= sf.col("from_as_of")) & (sf.col("as_of") < sf.col("until_as_of"))
    late = existing.join(spans, "machine_id").where(reached).select("machine_id", "as_of")
    outdated = existing.where(sf.col("feature_set_version") != FEATURE_SET_VERSION).select("machine_id", "as_of")
    return late.union(outdated).distinct()


def _mark_consumed(tables: Tables, run_id: str) -> None:
    runs = _touched(tables, run_id).select(sf.col("run_id").alias("touched_run_id")).distinct()
    rows = runs.select("touched_run_id", sf.lit(run_id).alias("consumed_by"), sf.current_timestamp().alias("consumed_at"))
    tables.insert_only_merge(FEATURE_PROGRESS, rows)


def run_features(tables: Tables, parameters: JobParameters) -> StepResult:
    """Brings the features table up to the watermark. Repeating it writes nothing.

    Late rows are read from `touched`; a point is recomputed when a feature's reach covers it, whichever run brought the rows.
    """
    for spec in (FEATURES_TABLE, FEATURE_PROGRESS):
        tables.ensure(spec)
    until = watermark(tables)
    if until is None:
        return StepResult("features", parameters.run_id, "not_ready", "no time up to which all required sources are covered")
    recomputed, changed = _recompute(tables, _affected(tables, parameters.run_id), parameters.run_id)
    added = _add_missing(tables, until, parameters.run_id)
    _mark_consumed(tables, parameters.run_id)
    counts = {"asOfPoints": added, "asOfPointsRecomputed": recomputed, "asOfPointsChanged": changed}
    if added + recomputed == 0:
        reason = f"no as-of point up to {iso(until)} is new or touched"
        return StepResult("features", parameters.run_id, "nothing_to_do", reason, counts=counts, watermark=until)
    versions = {FEATURES_TABLE.name: tables.version(FEATURES_TABLE.name)}
    return StepResult("features", parameters.run_id, counts=counts, tables=versions, watermark=until)
