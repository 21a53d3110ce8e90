"""What the features step finds: how far the table reaches, whether it is whole, and which late rows wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, Row

from batchkeeper.parallel import both
from batchkeeper.tables import Tables
from predictive_maintenance.feature_set import FEATURE_SET_VERSION, reach_hours
from predictive_maintenance.grid import grid_times

FEATURES, PROGRESS, TOUCHED = "features", "feature_progress", "touched"
_SOURCES = ("telemetry", "errors", "maint", "machines")
_END_OF_TIME = "TIMESTAMP '9999-01-01 00:00:00+00:00'"

# Spans of rows that no other run has taken into account; a machine's facts hold for all its points.
_LATE = f"""
SELECT t.run_id, consumed_by, source, machine_id, to_ts, CASE source WHEN 'machines' THEN timestamp_seconds(0) ELSE from_ts END AS since
FROM {{touched}} t LEFT JOIN {{progress}} ON t.run_id = touched_run_id
WHERE source IN {_SOURCES} AND (consumed_by IS NULL OR consumed_by = '{{run_id}}')"""

_POINTS = f"""
SELECT count(*) AS points, unix_timestamp(min(as_of)) AS first, unix_timestamp(max(as_of)) AS last,
  count_if(feature_set_version <> '{FEATURE_SET_VERSION}') AS outdated FROM {{features}}"""
_WAITING = f"""
SELECT unix_timestamp(min(since)) AS late_since, collect_set(CASE WHEN consumed_by IS NULL THEN run_id END) AS late_runs FROM ({_LATE})"""


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
        points: rows of the features table.
        first, last: its as-of times; None when it is empty.
        outdated: rows of an older feature set.
        late_since: earliest as-of time that late rows can change; None without late rows.
        late_runs: runs that brought rows which no run has taken into account.
    """

    fleet: pa.Table
    points: int
    first: datetime | None
    last: datetime | None
    outdated: int
    late_since: datetime | None
    late_runs: list[str]

    def whole_since(self, start: datetime) -> bool:
        """Whether every machine has every point after `start` up to `last`.

        A key occurs once, every key lies on the grid and no machine leaves the fleet, so counting is enough.
        """
        if self.first is None or self.last is None or self.first <= start:
            return False
        return self.points == self.machines * len(grid_times(start, self.last))

    @property
    def machines(self) -> int:
        """How many machines there are."""
        return int(self.fleet.num_rows)

    @property
    def stale(self) -> bool:
        """Whether rows of the table may have to change."""
        return self.last is not None and (self.outdated > 0 or (self.late_since is not None and self.late_since <= self.last))


def _query(tables: Tables, statement: str, run_id: str) -> DataFrame:
    names = {name: tables.name(name) for name in (TOUCHED, FEATURES)}
    return tables.spark.sql(statement.format(**names, progress=tables.name(PROGRESS), run_id=run_id))


def _fleet(tables: Tables) -> pa.Table:
    """The machines; read after the late runs, whose rows count as taken into account."""
    return tables.read("machines").select("machine_id", "model", "age").toArrow()


def look(tables: Tables, run_id: str) -> Standing:
    """Queries over what is small or has narrow columns."""

    def only(statement: str) -> Row:
        row = _query(tables, statement, run_id).first()
        assert row is not None, "an aggregate without groups has one row"
        return row

    points, (waiting, fleet) = both(partial(only, _POINTS), lambda: (only(_WAITING), _fleet(tables)))
    first, last, late = (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC) for seconds in (points.first, points.last, waiting.late_since)
    )
    return Standing(fleet, points.points, first, last, points.outdated, late, sorted(waiting.late_runs))


def at_first(tables: Tables) -> Standing:
    """What is there as long as no features table is: no point, and nothing late."""
    runs = tables.read(TOUCHED).where(f"source IN {_SOURCES}").select("run_id").distinct().collect()
    return Standing(_fleet(tables), 0, None, None, 0, None, sorted(row["run_id"] for row in runs))


def affected(tables: Tables, run_id: str) -> DataFrame:
    """Existing points (machine_id, as_of) that late rows can change, and those of an older feature set."""
    return _query(tables, _AFFECTED, run_id)
