"""The features step: finds the as-of points that are new or that late rows can change, and computes exactly those."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute
from pyspark.sql import DataFrame

from batchkeeper.coverage import complete_until, read_coverage
from batchkeeper.frames import small_frame
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, iso
from batchkeeper.results import StepResult, write_outcome
from batchkeeper.tables import UPDATED_PROPERTIES, Column, Tables, TableSpec, literal
from predictive_maintenance import presence_store, standing
from predictive_maintenance.feature_rows import Wanted, computed_rows, extent_of, wanted_of
from predictive_maintenance.feature_set import FEATURE_NAMES, FEATURES
from predictive_maintenance.features import Points
from predictive_maintenance.grid import grid_times
from predictive_maintenance.predictions import PREDICTIONS, withdraw_predictions
from predictive_maintenance.presence import Presence
from predictive_maintenance.presence_store import PRESENCE
from predictive_maintenance.sources import SOURCES
from predictive_maintenance.standing import Standing

_MAX_LISTED = 20

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


def _withdraw(tables: Tables, presence: Presence, times: range) -> int:
    """Deletes the points, up to the last of the times, that no machine has; returns how many. Their predictions count no more."""
    table = tables.read(FEATURES_TABLE.name).select("machine_id", "as_of")
    wrong = table.join(presence.points(tables.spark, times), ["machine_id", "as_of"], "left_anti")
    extent = extent_of(wrong)
    if extent is None:
        return 0
    # Once the points are gone nobody finds their predictions.
    if tables.exists(PREDICTIONS.name):
        withdraw_predictions(tables, wrong, extent[1])
    return tables.delete(FEATURES_TABLE, wrong, extent[1])


def _missing(tables: Tables, found: Standing, presence: Presence, times: range, *, whole: bool) -> Wanted | None:
    """The points that the table lacks of all at these as-of times; when it is `whole`, it holds none of them."""
    if not times:
        return None
    if whole and (there := presence.throughout(times)) is not None:
        fleet = found.fleet.filter(pa.compute.is_in(found.fleet["machine_id"], pa.array(there, pa.int32())))
        points = Points(datetime.fromtimestamp(times[0], UTC), datetime.fromtimestamp(times[-1], UTC))
        return Wanted(points, len(there) * len(times), fleet) if there else None
    points_ = presence.points(tables.spark, times)
    if not whole:
        points_ = points_.join(tables.read(FEATURES_TABLE.name).select("machine_id", "as_of"), ["machine_id", "as_of"], "left_anti")
    return wanted_of(found.fleet, points_)


def _bring_up(tables: Tables, run_id: str, found: Standing, presence: Presence, start: datetime, until: datetime) -> tuple[int, int]:
    """Makes the table hold the points of the machines after `start`, up to `until`; returns how many were withdrawn and added."""
    withdrawn = 0
    whole = found.last is None
    if found.first is not None and found.last is not None:
        past = grid_times(start, found.last)
        # A key occurs once, so where the stretches are those that the table was made by, counting is enough.
        same = found.recorded.presence.spans(past) == presence.spans(past)
        whole = same and found.first > start and found.points == presence.count(past)
        withdrawn = 0 if whole else _withdraw(tables, presence, past)
    missing = _missing(tables, found, presence, grid_times(found.last or start if whole else start, until), whole=whole)
    if missing is None:
        return withdrawn, 0
    # New points are appended.
    rows = computed_rows(tables, missing, run_id, again=False)
    tables.append(FEATURES_TABLE, rows, f"features-{run_id}-{iso(until)}-{missing.count}")
    return withdrawn, missing.count


def _recompute(tables: Tables, fleet: pa.Table, affected: DataFrame, run_id: str) -> tuple[int, int]:
    """Computes existing points again; returns how many, and how many changed."""
    wanted = wanted_of(fleet, affected)
    if wanted is None:
        return 0, 0
    computed = computed_rows(tables, wanted, run_id, again=True)
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


def _unclear(found: Standing) -> list[str]:
    """What a person has to see to: readings of machines that no snapshot lists, and a snapshot that says nothing of who left."""
    known = set(found.machines)
    strangers = sorted(machine for machine in found.first_readings if machine not in known)
    said = []
    if strangers:
        some = ", ".join(map(str, strangers[:_MAX_LISTED]))
        said.append(f"{len(strangers)} machines have readings and stand in no snapshot, so they have no points: {some}")
    if found.snapshots and not found.snapshots[-1].complete:
        path = found.snapshots[-1].path
        said.append(f"{path}: is empty or has rows without a machine, so nobody is taken to have left with it")
    return said


def run_features(tables: Tables, parameters: JobParameters) -> StepResult:
    """Brings the features table up to the watermark. Repeating it writes nothing.

    Late rows are read from `touched`; a point is recomputed when a feature's reach covers it, whichever run brought the rows.
    """

    run_id = parameters.run_id

    def look() -> Standing:
        ensure = partial(tables.ensure, FEATURES_TABLE, FEATURE_PROGRESS, PRESENCE)
        if not tables.exists(FEATURES_TABLE.name):
            return both(partial(standing.look, tables, run_id, empty=True), ensure)[0]
        ensure()
        return standing.look(tables, run_id)

    coverage, found = both(lambda: read_coverage(tables), look)
    until = complete_until(coverage, SOURCES)
    if until is None:
        return StepResult("features", run_id, "not_ready", "no time up to which all required sources are covered")
    start = coverage["telemetry"][0][0]
    presence = presence_store.presence(tables, found.machines, found.snapshots, found.first_readings, start)
    recomputed = changed = 0
    if found.stale:
        recomputed, changed = _recompute(tables, found.fleet, standing.affected(tables, run_id), run_id)
    withdrawn, added = _bring_up(tables, run_id, found, presence, start, until)
    recorded = found.recorded.followed_by(presence, run_id)
    # The version is read beside, since nothing else writes features meanwhile.
    _, (_, version) = both(
        lambda: _mark_consumed(tables, run_id, found.late_runs),
        lambda: both(lambda: presence_store.record(tables, recorded, found.recorded), lambda: tables.version(FEATURES_TABLE.name)),
    )
    counts = {"asOfPoints": added, "asOfPointsRecomputed": recomputed, "asOfPointsChanged": changed}
    if withdrawn:
        counts["asOfPointsWithdrawn"] = withdrawn
    told = presence_store.told(recorded.new_in(run_id), presence)
    outcome = write_outcome(parameters, "features", {"fleet": told}) if told else None
    result = StepResult(
        "features",
        run_id,
        counts=counts,
        tables={FEATURES_TABLE.name: version},
        watermark=until,
        warnings=[*told, *_unclear(found)],
        outcome_path=outcome,
    )
    if added + recomputed + withdrawn == 0:
        return replace(result, status="nothing_to_do", reason=f"no as-of point up to {iso(until)} is new or touched", tables={})
    return result
