"""The table of stretches, and what the tables of readings and snapshots say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import iso
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.retries import retrying
from batchkeeper.delta.tables import Tables
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.ingestion.journal.snapshots import Snapshot, read_snapshots
from batchkeeper.presence.stretches import EntityId, Presence, Span, Stretch, cut, find_presence, inside
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.tables.features import PRESENCE, presence_table
from batchkeeper.tables.ingestion import SNAPSHOTS, touched_table


@dataclass(frozen=True)
class Recorded:
    """The stretches as they stand in the table, each with the run that found it."""

    runs: Mapping[Stretch, str]

    @property
    def presence(self) -> Presence:
        """The stretches in order."""
        return Presence(tuple(sorted(self.runs, key=lambda stretch: (stretch.entity, stretch.since))))

    def followed_by(self, presence: Presence, run_id: str) -> Recorded:
        """What is to stand in the table when a run has found these stretches: known ones keep the run of before."""
        return Recorded({stretch: self.runs.get(stretch, run_id) for stretch in presence.stretches})

    def new_in(self, run_id: str) -> set[Stretch]:
        """The stretches that a run found; none when it was the first to look, as then all are new."""
        found = {stretch for stretch, run in self.runs.items() if run == run_id}
        return found if len(found) < len(self.runs) else {stretch for stretch in found if stretch.until is not None}


def read_recorded(tables: Tables, scenario: Scenario) -> Recorded:
    """Reads the table, which must be there."""
    since, until, last = (f"unix_timestamp({name})" for name in ("since", "until", "last_as_of"))
    columns = (scenario.entity.name, since, until, "left_with", last, "run_id")
    rows = tables.read(PRESENCE).selectExpr(*columns).toArrow()
    values = zip(*(column.to_pylist() for column in rows.columns), strict=True)
    return Recorded({Stretch(*stretch): run for *stretch, run in values})


def record(tables: Tables, scenario: Scenario, after: Recorded, before: Recorded) -> None:
    """Stores the stretches where they differ from those before."""
    if after == before:
        return
    spec = presence_table(scenario)
    columns = [(column.name, column.type) for column in spec.columns if not column.volatile]
    rows = [(*astuple(stretch), run) for stretch, run in after.runs.items()]
    frame = small_frame(tables.spark, columns, rows).withColumn("recorded_at", sf.current_timestamp())
    stretches = frame.select(*spec.column_names).coalesce(1)
    retrying(lambda: stretches.write.format("delta").mode("overwrite").saveAsTable(tables.name(PRESENCE)))


def snapshots_of(tables: Tables, scenario: Scenario) -> list[Snapshot]:
    """The snapshots of the fleet, by time."""
    if not scenario.fleet or not tables.exists(SNAPSHOTS.name):
        # Ingestion of an earlier version did not keep them.
        return []
    return read_snapshots(tables, scenario.fleet.name, scenario.entity.type)


def presence_of(
    tables: Tables,
    scenario: Scenario,
    entities: Sequence[EntityId],
    snapshots: Sequence[Snapshot],
    first_readings: Mapping[EntityId, int],
    start: datetime,
) -> Presence:
    """When each of the entities was there, from `start` on, the beginning of the readings."""
    readings_of = partial(_readings, tables, scenario)
    begins, grid = int(start.timestamp()), AsOfGrid.of(scenario)
    return find_presence(entities, snapshots, first_readings, readings_of, begins, grid)


def _readings(
    tables: Tables, scenario: Scenario, denied: Mapping[EntityId, Sequence[int]]
) -> dict[EntityId, list[Span]]:
    """See `ReadingsOf`: the spans that runs wrote, cut where a snapshot that denies the entity falls in a silence."""
    entity = scenario.entity
    listed = small_frame(tables.spark, [(entity.name, entity.type)], [(one,) for one in denied])
    touched = tables.read(touched_table(scenario).name).where(f"source = '{scenario.readings.name}'")
    concerned = touched.join(sf.broadcast(listed), entity.name, "left_semi")
    rows = concerned.selectExpr(entity.name, "unix_timestamp(from_ts)", "unix_timestamp(to_ts)").distinct().collect()
    spans: dict[EntityId, list[Span]] = {}
    for one, start, end in rows:
        spans.setdefault(one, []).append((start, end))
    doubts = {(one, at) for one, written in spans.items() for span in written for at in inside(denied[one], span)}
    silences = _silences(tables, scenario, sorted(doubts)) if doubts else {}
    return {
        one: [part for span in written for part in cut(span, silences.get(one, ()))] for one, written in spans.items()
    }


def _silences(tables: Tables, scenario: Scenario, doubts: Sequence[tuple[EntityId, int]]) -> dict[EntityId, list[Span]]:
    """Of each entity the last reading before and the first one after the times, by time."""
    entity, at = scenario.entity, f"unix_timestamp({TIME})"
    frame = small_frame(tables.spark, [(entity.name, entity.type), ("denied_at", "bigint")], doubts)
    pairs = tables.read(scenario.readings.name).join(sf.broadcast(frame), entity.name)
    before = sf.expr(f"max(CASE WHEN {at} <= denied_at THEN {at} END) AS before")
    after = sf.expr(f"min(CASE WHEN {at} > denied_at THEN {at} END) AS after")
    rows = pairs.groupBy(entity.name, "denied_at").agg(before, after).select(entity.name, "before", "after")
    silences: dict[EntityId, list[Span]] = {}
    for one, *silence in sorted((row for row in rows.distinct().collect() if None not in tuple(row)), key=tuple):
        silences.setdefault(one, []).append((silence[0], silence[1]))
    return silences


def told(found: set[Stretch], presence: Presence, noun: str) -> list[str]:
    """What a person should know of new stretches: who came, left, came back."""
    firsts = {stretch.entity: stretch.since for stretch in reversed(presence.stretches)}
    said = []
    for stretch in sorted(found, key=lambda one: (one.entity, one.since)):
        who = f"{noun} {stretch.entity}"
        if stretch.until is not None:
            said.append(f"{who} left: last snapshot or reading {_text(stretch.until)}, not in {stretch.left_with}")
        elif stretch.since == firsts[stretch.entity]:
            said.append(f"{who} is there: first snapshot or reading {_text(stretch.since)}")
        else:
            said.append(f"{who} came back: next snapshot or reading {_text(stretch.since)}")
    return said


def _text(seconds: int) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))
