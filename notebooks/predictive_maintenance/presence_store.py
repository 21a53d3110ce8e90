"""The table of stretches, and what the tables of readings and snapshots say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import functions as sf

from batchkeeper.frames import small_frame
from batchkeeper.parameters import iso
from batchkeeper.snapshots import Snapshot, read_snapshots
from batchkeeper.sources import SNAPSHOTS
from batchkeeper.tables import Column, Tables, TableSpec, retrying
from predictive_maintenance.presence import Presence, Span, Stretch, cut, find_presence, inside
from predictive_maintenance.sources import MACHINES, TELEMETRY, TOUCHED

PRESENCE = TableSpec(
    "presence",
    (
        Column("machine_id", "int"),
        Column("since", "timestamp", "first snapshot or reading, or the beginning of the data, UTC"),
        Column("until", "timestamp", "last snapshot or reading before the machine left; null while it is there"),
        Column("left_with", "string", "drop path of the first snapshot after it, which does not list the machine"),
        Column("last_as_of", "timestamp", "last as-of point; null while it is there"),
        Column("run_id", "string", "run that found this"),
        Column("recorded_at", "timestamp", "time of writing", volatile=True),
    ),
    ("machine_id", "since"),
    comment="When each machine was there: a row for each stretch from a first to a last snapshot or reading",
)


@dataclass(frozen=True)
class Recorded:
    """The stretches as they stand in the table, each with the run that found it."""

    runs: Mapping[Stretch, str]

    @property
    def presence(self) -> Presence:
        """The stretches in order."""
        return Presence(tuple(sorted(self.runs, key=lambda stretch: (stretch.machine_id, stretch.since))))

    def followed_by(self, presence: Presence, run_id: str) -> Recorded:
        """What is to stand in the table when a run has found these stretches: known ones keep the run that found them."""
        return Recorded({stretch: self.runs.get(stretch, run_id) for stretch in presence.stretches})

    def new_in(self, run_id: str) -> set[Stretch]:
        """The stretches that a run found; none when it was the first to look, as then all are new."""
        found = {stretch for stretch, run in self.runs.items() if run == run_id}
        return found if len(found) < len(self.runs) else {stretch for stretch in found if stretch.until is not None}


def recorded(tables: Tables) -> Recorded:
    """Reads the table, which must be there."""
    times = (f"unix_timestamp({name})" for name in ("since", "until", "last_as_of"))
    since, until, last = times
    rows = tables.read(PRESENCE.name).selectExpr("machine_id", since, until, "left_with", last, "run_id").toArrow()
    values = zip(*(column.to_pylist() for column in rows.columns), strict=True)
    return Recorded({Stretch(*stretch): run for *stretch, run in values})


def record(tables: Tables, after: Recorded, before: Recorded) -> None:
    """Stores the stretches where they differ from those before."""
    if after == before:
        return
    columns = [("machine_id", "int"), ("since", "timestamp"), ("until", "timestamp"), ("left_with", "string"), ("last_as_of", "timestamp")]
    rows = [(*astuple(stretch), run) for stretch, run in after.runs.items()]
    frame = small_frame(tables.spark, [*columns, ("run_id", "string")], rows).withColumn("recorded_at", sf.current_timestamp())
    whole = frame.select(*PRESENCE.column_names).coalesce(1)
    retrying(lambda: whole.write.format("delta").mode("overwrite").saveAsTable(tables.name(PRESENCE.name)))


def snapshots(tables: Tables) -> list[Snapshot]:
    """The snapshots of the fleet, by time."""
    if not tables.exists(SNAPSHOTS.name):
        # Ingestion of an earlier version did not keep them.
        return []
    return read_snapshots(tables, MACHINES.name, MACHINES.fields[0].type)


def presence(
    tables: Tables, machines: Sequence[int], known: Sequence[Snapshot], first_readings: Mapping[int, int], start: datetime
) -> Presence:
    """When each of the machines was there, from `start` on, the beginning of the readings."""
    return find_presence(machines, known, first_readings, partial(_readings, tables), int(start.timestamp()))


def _readings(tables: Tables, denied: Mapping[int, Sequence[int]]) -> dict[int, list[Span]]:
    """See `ReadingsOf`: the spans that runs wrote, cut where a snapshot that denies the machine falls into a silence."""
    machines = small_frame(tables.spark, [("machine_id", "int")], [(machine,) for machine in denied])
    of_telemetry = tables.read(TOUCHED.name).where(f"source = '{TELEMETRY.name}'").join(sf.broadcast(machines), "machine_id", "left_semi")
    rows = of_telemetry.selectExpr("machine_id", "unix_timestamp(from_ts)", "unix_timestamp(to_ts)").distinct().collect()
    spans: dict[int, list[Span]] = {}
    for machine, start, end in rows:
        spans.setdefault(machine, []).append((start, end))
    doubts = {(machine, at) for machine, found in spans.items() for span in found for at in inside(denied[machine], span)}
    silences = _silences(tables, sorted(doubts)) if doubts else {}
    return {machine: [part for span in found for part in cut(span, silences.get(machine, ()))] for machine, found in spans.items()}


def _silences(tables: Tables, doubts: Sequence[tuple[int, int]]) -> dict[int, list[Span]]:
    """Of each machine the last reading before and the first one after the times, by time."""
    frame = small_frame(tables.spark, [("machine_id", "int"), ("denied_at", "bigint")], doubts)
    at = "unix_timestamp(ts)"
    before, after = f"max(CASE WHEN {at} <= denied_at THEN {at} END) AS before", f"min(CASE WHEN {at} > denied_at THEN {at} END) AS after"
    pairs = tables.read(TELEMETRY.name).join(sf.broadcast(frame), "machine_id").groupBy("machine_id", "denied_at")
    rows = pairs.agg(sf.expr(before), sf.expr(after)).select("machine_id", "before", "after").distinct().collect()
    found: dict[int, list[Span]] = {}
    for machine, *silence in sorted((row for row in rows if None not in tuple(row)), key=tuple):
        found.setdefault(machine, []).append((silence[0], silence[1]))
    return found


def told(found: set[Stretch], presence_: Presence) -> list[str]:
    """What a person should know of new stretches: who came, left, came back."""
    firsts = {stretch.machine_id: stretch.since for stretch in reversed(presence_.stretches)}
    said = []
    for stretch in sorted(found, key=lambda one: (one.machine_id, one.since)):
        who = f"machine {stretch.machine_id}"
        if stretch.until is not None:
            said.append(f"{who} left: last snapshot or reading {_text(stretch.until)}, not in {stretch.left_with}")
        elif stretch.since == firsts[stretch.machine_id]:
            said.append(f"{who} is there: first snapshot or reading {_text(stretch.since)}")
        else:
            said.append(f"{who} came back: next snapshot or reading {_text(stretch.since)}")
    return said


def _text(seconds: int) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))
