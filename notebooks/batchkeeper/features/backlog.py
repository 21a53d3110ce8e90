"""What the features step meets: how far the table reaches, whether it is whole, and which late rows wait for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame

from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.journal.snapshots import Snapshot
from batchkeeper.presence.store import Recorded, read_recorded, snapshots_of
from batchkeeper.presence.stretches import EntityId
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.tables.features import FEATURE_PROGRESS, FEATURES
from batchkeeper.tables.ingestion import touched_table

_END_OF_TIME = "TIMESTAMP '9999-01-01 00:00:00+00:00'"
_NO_PROGRESS = "(SELECT '' AS touched_run_id, '' AS consumed_by WHERE false)"


@dataclass(frozen=True)
class Backlog:
    """What is there before the run does anything.

    Attributes:
        fleet: entities with their facts, few enough for the driver to hold.
        snapshots: whom the snapshots of the fleet list, by time.
        first_readings: by entity, in seconds since 1970.
        recorded: the stretches as they were found before.
        points: rows of the features table.
        first, last: its as-of times; None when it is empty.
        outdated: rows of an older feature set.
        late_since: earliest as-of time that late rows can change; None without late rows.
        late_runs: runs that brought rows which no run has taken into account.
    """

    fleet: pa.Table
    snapshots: Sequence[Snapshot]
    first_readings: Mapping[EntityId, int]
    recorded: Recorded
    late_runs: list[str]
    points: int = 0
    first: datetime | None = None
    last: datetime | None = None
    outdated: int = 0
    late_since: datetime | None = None

    @property
    def entities(self) -> list[EntityId]:
        """All entities that are known."""
        return list(self.fleet[0].to_pylist())

    @property
    def stale(self) -> bool:
        """Whether rows of the table may have to change."""
        late = self.late_since is not None and self.last is not None and self.late_since <= self.last
        return self.last is not None and (self.outdated > 0 or late)


@dataclass(frozen=True)
class _Statements:
    """The queries over what is small or has narrow columns."""

    tables: Tables
    scenario: Scenario
    run_id: str
    progress: str

    @property
    def _waits(self) -> str:
        """SQL: whether a touched span waits, because no other run has taken it into account."""
        sources = ", ".join(f"'{name}'" for name in feature_set(self.scenario).sources)
        return f"source IN ({sources}) AND (consumed_by IS NULL OR consumed_by = '{self.run_id}')"

    @property
    def _since(self) -> str:
        """SQL: from when on a touched span counts; an entity's facts hold for all its points."""
        fleet = self.scenario.fleet
        return f"CASE source WHEN '{fleet.name}' THEN timestamp_seconds(0) ELSE from_ts END" if fleet else "from_ts"

    @property
    def _joined(self) -> str:
        touched = self.tables.name(touched_table(self.scenario).name)
        return f"{touched} t LEFT JOIN {self.progress} ON t.run_id = touched_run_id"

    def waiting(self) -> str:
        """Of each entity its first reading, and the rows that wait."""
        entity, readings, waits = self.scenario.entity.name, self.scenario.readings.name, self._waits
        sources = ", ".join(f"'{name}'" for name in feature_set(self.scenario).sources)
        return f"""
SELECT {entity}, unix_timestamp(min(CASE WHEN source = '{readings}' THEN from_ts END)) AS first_reading,
  unix_timestamp(min(CASE WHEN {waits} THEN {self._since} END)) AS late_since,
  collect_set(CASE WHEN source IN ({sources}) AND consumed_by IS NULL THEN run_id END) AS late_runs
FROM {self._joined} GROUP BY {entity}"""

    def points(self) -> str:
        """How many points the table holds, and which."""
        return f"""
SELECT count(*) AS points, unix_timestamp(min(as_of)) AS first, unix_timestamp(max(as_of)) AS last,
  count_if(feature_set_version <> '{feature_set(self.scenario).version}') AS outdated
FROM {self.tables.name(FEATURES)}"""

    def affected(self) -> str:
        """Existing points (entity, as_of) that late rows can change, and those of an older feature set."""
        entity, features = self.scenario.entity.name, self.tables.name(FEATURES)
        return f"""
SELECT f.{entity}, as_of FROM {features} f
LEFT SEMI JOIN (
  SELECT {entity}, since, {self._until()} AS until
  FROM (SELECT source, {entity}, to_ts, {self._since} AS since FROM {self._joined} WHERE {self._waits})) l
ON f.{entity} = l.{entity} AND as_of >= since AND as_of < until
UNION SELECT {entity}, as_of FROM {features} WHERE feature_set_version <> '{feature_set(self.scenario).version}'"""

    def _until(self) -> str:
        """SQL: the first as-of time that a late row of the source can no longer change."""
        features = feature_set(self.scenario)
        bounded = {source: hours for source in features.sources if (hours := features.reach_hours(source)) is not None}
        cases = " ".join(f"WHEN '{source}' THEN to_ts + INTERVAL {hours} HOURS" for source, hours in bounded.items())
        return f"CASE source {cases} ELSE {_END_OF_TIME} END" if cases else _END_OF_TIME


def _statements(tables: Tables, scenario: Scenario, run_id: str, *, empty: bool = False) -> _Statements:
    return _Statements(tables, scenario, run_id, _NO_PROGRESS if empty else tables.name(FEATURE_PROGRESS.name))


def look(tables: Tables, scenario: Scenario, run_id: str, *, empty: bool = False) -> Backlog:
    """Finds the backlog. `empty`: the step's own tables are not there yet, and so nothing is late."""
    statements = _statements(tables, scenario, run_id, empty=empty)

    def waiting() -> tuple[pa.Table, pa.Table | None]:
        late = tables.spark.sql(statements.waiting()).toArrow()
        # The fleet is read after the late runs, whose rows count as taken into account.
        return late, _fleet(tables, scenario)

    ((late, fleet), points), (snapshots, recorded) = concurrently(
        lambda: concurrently(waiting, lambda: None if empty else tables.spark.sql(statements.points()).first()),
        lambda: concurrently(
            partial(snapshots_of, tables, scenario),
            lambda: Recorded({}) if empty else read_recorded(tables, scenario),
        ),
    )
    entities, readings, since, runs = (late[number].to_pylist() for number in range(4))
    first_readings = {entity: at for entity, at in zip(entities, readings, strict=True) if at is not None}
    if fleet is None:
        # Nobody lists the entities: whoever sends readings is there.
        sends = pa.array(sorted(first_readings), late.schema.field(0).type)
        fleet = pa.table([sends], names=[scenario.entity.name])
    late_runs = sorted({run for listed in runs for run in listed})
    if points is None:
        return Backlog(fleet, snapshots, first_readings, recorded, late_runs)
    first, last, late_since = (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        for seconds in (points.first, points.last, min((at for at in since if at is not None), default=None))
    )
    outdated = points.outdated
    return Backlog(
        fleet, snapshots, first_readings, recorded, late_runs, points.points, first, last, outdated, late_since
    )


def _fleet(tables: Tables, scenario: Scenario) -> pa.Table | None:
    if not scenario.fleet:
        return None
    facts = (fact.name for fact in scenario.fleet.facts)
    return tables.read(scenario.fleet.name).select(scenario.entity.name, *facts).toArrow()


def affected(tables: Tables, scenario: Scenario, run_id: str) -> DataFrame:
    """Existing points (entity, as_of) that late rows can change, and those of an older feature set."""
    return tables.spark.sql(_statements(tables, scenario, run_id).affected())
