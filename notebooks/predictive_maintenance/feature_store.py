"""The features step: finds the as-of points that are new or that late rows can change, and computes exactly those."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.coverage import complete_until, read_coverage
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import StepResult
from batchkeeper.tables import Column, Tables, TableSpec, literal
from predictive_maintenance.feature_set import FEATURE_NAMES, FEATURE_SET_VERSION, FEATURES, longest_window_hours, reach_hours
from predictive_maintenance.features import GRID_SECONDS, SourceFrames, compute_features, grid_point_at_or_after
from predictive_maintenance.sources import SOURCES, TOUCHED

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


@dataclass(frozen=True)
class _Held:
    """What the table holds.

    Attributes:
        last: the newest as-of time, None when the table is empty.
        machines: machines of the fleet or the table.
        fewest, most: as-of points of the machine that has the fewest, or the most.
        outdated: rows of an older feature set.
    """

    last: datetime | None
    machines: int
    fewest: int
    most: int
    outdated: int

    def whole_since(self, start: datetime) -> bool:
        """Whether every machine has every point after `start` up to `last`. A key occurs once, so counting is enough."""
        if self.last is None:
            return False
        wanted = _points_between(start, self.last)
        return self.fewest == self.most == wanted


def _points_between(start: datetime, end: datetime) -> int:
    """As-of times in (start, end]; `end` is one of them."""
    return -(-(int(end.timestamp()) - int(start.timestamp())) // GRID_SECONDS)


def _held(tables: Tables) -> _Held:
    """One job over key columns."""
    stored = tables.read(FEATURES_TABLE.name).groupBy("machine_id")
    per_machine = stored.agg(
        sf.count("*").alias("points"),
        sf.max(sf.unix_timestamp("as_of")).alias("last"),
        sf.count_if(sf.col("feature_set_version") != FEATURE_SET_VERSION).alias("outdated"),
    )
    points = sf.coalesce("points", sf.lit(0))
    every = tables.read("machines").select("machine_id").join(per_machine, "machine_id", "full")
    row = every.agg(sf.count("*"), sf.min(points), sf.max(points), sf.max("last"), sf.coalesce(sf.sum("outdated"), sf.lit(0))).first()
    assert row is not None, "an aggregate without groups has one row"
    machines, fewest, most, last, outdated = row
    return _Held(datetime.fromtimestamp(last, UTC) if last else None, machines, fewest or 0, most or 0, outdated)


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


def _missing(tables: Tables, start: datetime, until: datetime, held: _Held) -> tuple[DataFrame, _Extent | None]:
    """The points up to `until` that the table lacks, and their extent; when it holds all up to its last, only later ones."""
    if held.last and held.whole_since(start):
        times = (int(until.timestamp()) - int(held.last.timestamp())) // GRID_SECONDS
        step = timedelta(seconds=GRID_SECONDS)
        extent = _Extent(held.machines * times, held.last + step, held.last + times * step) if times > 0 else None
        return grid(tables, held.last, until), extent
    existing = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of")
    missing = grid(tables, start, until).join(existing, ["machine_id", "as_of"], "left_anti")
    return missing, _extent(missing)


def _add_missing(tables: Tables, start: datetime, until: datetime, held: _Held, run_id: str) -> int:
    """Computes the points up to `until` that the table lacks; they can only be new, so they are appended."""
    missing, extent = _missing(tables, start, until, held)
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


def _late(touched: DataFrame) -> tuple[datetime | None, list[str]]:
    """The earliest as-of time that the touched rows can change, and the runs that brought them."""
    since = sf.when(sf.col("source") == "machines", sf.lit(0)).otherwise(sf.unix_timestamp("from_ts"))
    row = touched.agg(sf.min(since), sf.collect_set("run_id")).first()
    assert row is not None, "an aggregate without groups has one row"
    return None if row[0] is None else datetime.fromtimestamp(row[0], UTC), sorted(row[1])


def _mark_consumed(tables: Tables, run_id: str, runs: list[str]) -> None:
    """Notes the runs whose rows were looked for; rows of a run that came meanwhile are left to the next run."""
    if runs:
        rows = tables.spark.createDataFrame([(run, run_id) for run in runs], "touched_run_id string, consumed_by string")
        tables.insert_only_merge(FEATURE_PROGRESS, rows.withColumn("consumed_at", sf.current_timestamp()))


def run_features(tables: Tables, parameters: JobParameters) -> StepResult:
    """Brings the features table up to the watermark. Repeating it writes nothing.

    Late rows are read from `touched`; a point is recomputed when a feature's reach covers it, whichever run brought the rows.
    """
    for spec in (FEATURES_TABLE, FEATURE_PROGRESS):
        tables.ensure(spec)
    coverage = read_coverage(tables)
    until = complete_until(coverage, SOURCES)
    if until is None:
        return StepResult("features", parameters.run_id, "not_ready", "no time up to which all required sources are covered")
    since, runs = _late(_touched(tables, parameters.run_id))
    held = _held(tables)
    recomputed = changed = 0
    if held.last and (held.outdated or (since and since <= held.last)):
        recomputed, changed = _recompute(tables, _affected(tables, parameters.run_id), parameters.run_id)
    added = _add_missing(tables, coverage["telemetry"][0][0], until, held, parameters.run_id)
    _mark_consumed(tables, parameters.run_id, runs)
    counts = {"asOfPoints": added, "asOfPointsRecomputed": recomputed, "asOfPointsChanged": changed}
    if added + recomputed == 0:
        reason = f"no as-of point up to {iso(until)} is new or touched"
        return StepResult("features", parameters.run_id, "nothing_to_do", reason, counts=counts, watermark=until)
    versions = {FEATURES_TABLE.name: tables.version(FEATURES_TABLE.name)}
    return StepResult("features", parameters.run_id, counts=counts, tables=versions, watermark=until)
