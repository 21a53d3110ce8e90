"""What the features step finds: how far the table reaches, whether it is whole, and which late rows wait for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame

from batchkeeper.parallel import both
from batchkeeper.snapshots import Snapshot
from batchkeeper.tables import Tables
from predictive_maintenance import presence_store
from predictive_maintenance.feature_set import FEATURE_SET_VERSION, reach_hours
from predictive_maintenance.presence_store import Recorded

FEATURES, PROGRESS, TOUCHED = "features", "feature_progress", "touched"
_SOURCES = ("telemetry", "errors", "maint", "machines")
_END_OF_TIME = "TIMESTAMP '9999-01-01 00:00:00+00:00'"

# Rows that no other run has taken into account, and from when on they count; a machine's facts hold for all its points.
_WAITS = f"source IN {_SOURCES} AND (consumed_by IS NULL OR consumed_by = '{{run_id}}')"
_SINCE = "CASE source WHEN 'machines' THEN timestamp_seconds(0) ELSE from_ts END"
_LATE = f"""
SELECT t.run_id, consumed_by, source, machine_id, to_ts, {_SINCE} AS since
FROM {{touched}} t LEFT JOIN {{progress}} ON t.run_id = touched_run_id WHERE {_WAITS}"""

_POINTS = f"""
SELECT count(*) AS points, unix_timestamp(min(as_of)) AS first, unix_timestamp(max(as_of)) AS last,
  count_if(feature_set_version <> '{FEATURE_SET_VERSION}') AS outdated FROM {{features}}"""
# Of each machine its first reading, and the rows that wait.
_WAITING = f"""
SELECT machine_id, unix_timestamp(min(CASE WHEN source = 'telemetry' THEN from_ts END)) AS first_reading,
  unix_timestamp(min(CASE WHEN {_WAITS} THEN {_SINCE} END)) AS late_since,
  collect_set(CASE WHEN source IN {_SOURCES} AND consumed_by IS NULL THEN run_id END) AS late_runs
FROM {{touched}} t LEFT JOIN {{progress}} ON t.run_id = touched_run_id GROUP BY machine_id"""


def _until() -> str:
    """SQL: the first as-of time that a late row of the source can no longer change."""
    bounded = {source: hours for source in _SOURCES if (hours := reach_hours(source)) is not None}
    cases = " ".join(f"WHEN '{source}' THEN to_ts + INTERVAL {hours} HOURS" for source, hours in bounded.items())
    return f"CASE source {cases} ELSE {_END_OF_TIME} END"


_AFFECTED = f"""
SELECT f.machine_id, as_of FROM {{features}} f LEFT SEMI JOIN (SELECT machine_id, since, {_until()} AS until FROM ({_LATE})) l
ON f.machine_id = l.machine_id AND as_of >= since AND as_of < until
UNION SELECT machine_id, as_of FROM {{features}} WHERE feature_set_version <> '{FEATURE_SET_VERSION}'"""


@dataclass(frozen=True)
class Standing:
    """What is there before the run does anything.

    Attributes:
        fleet: machines (machine_id, model, age), few enough for the driver to hold.
        snapshots: whom the snapshots of the fleet list, by time.
        first_readings: by machine, in seconds since 1970.
        recorded: the stretches as they were found before.
        points: rows of the features table.
        first, last: its as-of times; None when it is empty.
        outdated: rows of an older feature set.
        late_since: earliest as-of time that late rows can change; None without late rows.
        late_runs: runs that brought rows which no run has taken into account.
    """

    fleet: pa.Table
    snapshots: Sequence[Snapshot]
    first_readings: Mapping[int, int]
    recorded: Recorded
    late_runs: list[str]
    points: int = 0
    first: datetime | None = None
    last: datetime | None = None
    outdated: int = 0
    late_since: datetime | None = None

    @property
    def machines(self) -> list[int]:
        """The numbers of all machines that a snapshot has ever listed."""
        return [int(number) for number in self.fleet["machine_id"].to_pylist()]

    @property
    def stale(self) -> bool:
        """Whether rows of the table may have to change."""
        return self.last is not None and (self.outdated > 0 or (self.late_since is not None and self.late_since <= self.last))


_NO_PROGRESS = "(SELECT '' AS touched_run_id, '' AS consumed_by WHERE false)"


def _query(tables: Tables, statement: str, run_id: str, progress: str | None = None) -> DataFrame:
    names = {name: tables.name(name) for name in (TOUCHED, FEATURES)}
    return tables.spark.sql(statement.format(**names, progress=progress or tables.name(PROGRESS), run_id=run_id))


def look(tables: Tables, run_id: str, *, empty: bool = False) -> Standing:
    """Queries over what is small or has narrow columns. `empty`: the step's own tables are not there yet, and so nothing is late."""

    def waiting() -> tuple[pa.Table, pa.Table]:
        late = _query(tables, _WAITING, run_id, _NO_PROGRESS if empty else None).toArrow()
        # The machines are read after the late runs, whose rows count as taken into account.
        return late, tables.read("machines").select("machine_id", "model", "age").toArrow()

    ((late, fleet), points), (snapshots, recorded) = both(
        lambda: both(waiting, lambda: None if empty else _query(tables, _POINTS, run_id).first()),
        lambda: both(partial(presence_store.snapshots, tables), lambda: Recorded({}) if empty else presence_store.recorded(tables)),
    )
    machines, readings, since, runs = (late[name].to_pylist() for name in ("machine_id", "first_reading", "late_since", "late_runs"))
    first_readings = {machine: at for machine, at in zip(machines, readings, strict=True) if at is not None}
    late_runs = sorted({run for found in runs for run in found})
    if points is None:
        return Standing(fleet, snapshots, first_readings, recorded, late_runs)
    first, last, late_since = (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        for seconds in (points.first, points.last, min((at for at in since if at is not None), default=None))
    )
    return Standing(fleet, snapshots, first_readings, recorded, late_runs, points.points, first, last, points.outdated, late_since)


def affected(tables: Tables, run_id: str) -> DataFrame:
    """Existing points (machine_id, as_of) that late rows can change, and those of an older feature set."""
    return _query(tables, _AFFECTED, run_id)
