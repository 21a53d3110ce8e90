"""When each entity was there: from its first to its last snapshot or reading, parted where a snapshot says that it had
gone.

A complete snapshot that does not list an entity ends its stretch at the snapshot or reading before. The next one begins
another. All follows from what the snapshots and readings say, never from the order in which they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from batchkeeper.delta.frames import small_frame
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.ingestion.journal.snapshots import Snapshot
from batchkeeper.scenario.parts import Entity

EntityId = int | str
"""The name of an entity, as its column holds it."""
Span = tuple[int, int]
"""First and last time of readings, both included, in seconds since 1970."""
ReadingsOf = Callable[[Mapping[EntityId, Sequence[int]]], Mapping[EntityId, Sequence[Span]]]
"""Given entities with times at which a snapshot does not list them: the spans of their readings, none of which holds
such a time inside a silence."""


@dataclass(frozen=True)
class Stretch:
    """A entity that is there without a break. Times are seconds since 1970.

    Attributes:
        since: its first snapshot or reading, or the beginning of the data.
        until: its last one before it left; None while it is there.
        left_with: path of the first snapshot after `until`, which does not list it.
        last_point: the last as-of time; None while it is there.
    """

    entity: EntityId
    since: int
    until: int | None = None
    left_with: str | None = None
    last_point: int | None = None

    def within(self, times: range) -> range:
        """Those of the as-of times that lie in this stretch."""
        first = self.since + (times[0] - self.since) % times.step
        last = times[-1] if self.last_point is None else min(self.last_point, times[-1])
        return range(max(first, times[0]), last + 1, times.step)


@dataclass(frozen=True)
class Presence:
    """The stretches of all entities, in the order of entity and time."""

    stretches: tuple[Stretch, ...]

    def spans(self, times: range) -> list[tuple[EntityId, int, int]]:
        """Machine, first and last point of each stretch that has any of these as-of times."""
        found = ((stretch.entity, stretch.within(times)) for stretch in self.stretches)
        return [(entity, points[0], points[-1]) for entity, points in found if points]

    def count(self, times: range) -> int:
        """How many points the entities have at these as-of times."""
        return sum(len(stretch.within(times)) for stretch in self.stretches)

    def throughout(self, times: range) -> set[EntityId] | None:
        """The entities that are there at all these as-of times; None when some are there at a part of them."""
        found = [(stretch.entity, len(stretch.within(times))) for stretch in self.stretches]
        if any(0 < points < len(times) for _, points in found):
            return None
        return {entity for entity, points in found if points}

    def points(self, spark: SparkSession, entity: Entity, times: range) -> DataFrame:
        """The points (entity, as_of) at these as-of times."""
        columns = [(entity.name, entity.type), ("first", "bigint"), ("last", "bigint")]
        frame = small_frame(spark, columns, self.spans(times))
        every = frame.selectExpr(entity.name, f"explode(sequence(first, last, {times.step}L)) AS point")
        return every.selectExpr(entity.name, "timestamp_seconds(point) AS as_of")


def find_presence(
    entities: Iterable[EntityId],
    snapshots: Sequence[Snapshot],
    first_readings: Mapping[EntityId, int],
    readings_of: ReadingsOf,
    start: int,
    grid: AsOfGrid,
) -> Presence:
    """The stretches of `entities`.

    Args:
        snapshots: by time.
        first_readings: of each entity that has readings.
        start: the beginning of the data, from which on an entity counts that sends from their first point on, or of
            which neither a snapshot nor a reading is recorded.
    """
    complete = [snapshot for snapshot in snapshots if snapshot.complete]
    first = _first_signs(snapshots, first_readings)
    if first_readings:
        # Who sends when the readings begin was there before: as long as anyone can tell, since the beginning of the
        # data.
        begun = grid.at_or_after(min(first_readings.values()))
        first |= {
            entity: min(at, start)
            for entity, at in first.items()
            if at <= begun and not (complete and complete[0].at < at)
        }
    known = sorted(entities)
    first = dict.fromkeys(known, start) | first
    denied = _denied(known, snapshots, first)
    spans = readings_of(denied) if denied else {}
    found: list[Stretch] = []
    for entity in known:
        if entity in denied:
            listed = [snapshot.at for snapshot in snapshots if entity in snapshot.entities]
            signs = [(first[entity], first[entity]), *spans.get(entity, ()), *((at, at) for at in listed)]
            found += _parted(entity, sorted(signs), listed, complete, grid)
        else:
            found.append(Stretch(entity, first[entity]))
    return Presence(tuple(found))


def _first_signs(snapshots: Sequence[Snapshot], first_readings: Mapping[EntityId, int]) -> dict[EntityId, int]:
    """The first snapshot or reading of each entity that has any."""
    first: dict[EntityId, int] = {}
    for snapshot in snapshots:
        first |= dict.fromkeys(snapshot.entities - first.keys(), snapshot.at)
    return first | {entity: min(at, first.get(entity, at)) for entity, at in first_readings.items()}


def _denied(
    entities: Collection[EntityId], snapshots: Sequence[Snapshot], first: Mapping[EntityId, int]
) -> dict[EntityId, list[int]]:
    """Of entities that a complete snapshot after their first sign does not list, the times of such snapshots."""
    known = frozenset(entities)
    listed = frozenset[EntityId]().union(*(snapshot.entities for snapshot in snapshots))
    found: dict[EntityId, list[int]] = {}
    for snapshot in snapshots:
        for entity in known - snapshot.entities if snapshot.complete else ():
            if first[entity] < snapshot.at or entity not in listed:
                found.setdefault(entity, []).append(snapshot.at)
    return found


def _parted(
    entity: EntityId, signs: Sequence[Span], listed: Sequence[int], complete: Sequence[Snapshot], grid: AsOfGrid
) -> list[Stretch]:
    """The stretches of an entity with these spans of readings and listings, and times of listings, all by time."""
    times = [snapshot.at for snapshot in complete]

    def next_after(at: int) -> Snapshot | None:
        place = bisect_right(times, at)
        return complete[place] if place < len(complete) else None

    found = []
    since, until = signs[0]
    for start, end in signs[1:]:
        # A complete snapshot between two signs of the entity does not list it, or it would be a sign itself.
        gone = next_after(until)
        if gone and gone.at < start:
            found.append(_ended(entity, since, until, gone, grid))
            since = start
        until = max(until, end)
    # Readings after the newest snapshot, which does not list the entity, say nothing of the time after them.
    gone = next_after(until) or next_after(max(listed, default=times[0] - 1))
    found.append(_ended(entity, since, until, gone, grid) if gone else Stretch(entity, since))
    return found


def _ended(entity: EntityId, since: int, until: int, gone: Snapshot, grid: AsOfGrid) -> Stretch:
    last = grid.at_or_after(until)
    # At the point whose bin holds the last reading, the snapshot may have said already that the entity is gone.
    return Stretch(entity, since, until, gone.path, last - grid.step if until < gone.at <= last else last)


def cut(span: Span, silences: Iterable[Span]) -> list[Span]:
    """The span without the silences inside it: pairs of the last reading before and the first one after, by time."""
    found = []
    start, end = span
    for before, after in silences:
        if start <= before and after <= end:
            found.append((start, before))
            start = after
    return [*found, (start, end)]


def inside(times: Sequence[int], span: Span) -> Sequence[int]:
    """Those of the times, which are in order, that lie inside the span and not at its ends."""
    return times[bisect_right(times, span[0]) : bisect_left(times, span[1])]
