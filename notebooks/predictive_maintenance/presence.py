"""When each machine was there: from its first to its last snapshot or reading, parted where a snapshot says that it had gone.

A complete snapshot that does not list a machine ends its stretch at the snapshot or reading before. The next one begins another.
All follows from what the snapshots and readings say, never from the order in which they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from batchkeeper.frames import small_frame
from batchkeeper.snapshots import Snapshot
from predictive_maintenance.grid import GRID_SECONDS, point_at_or_after

Span = tuple[int, int]
"""First and last time of readings, both included, in seconds since 1970."""
ReadingsOf = Callable[[Mapping[int, Sequence[int]]], Mapping[int, Sequence[Span]]]
"""Given machines with times at which a snapshot does not list them: the spans of their readings, none of which holds such a time inside
a silence."""


@dataclass(frozen=True)
class Stretch:
    """A machine that is there without a break. Times are seconds since 1970.

    Attributes:
        since: its first snapshot or reading, or the beginning of the data.
        until: its last one before it left; None while it is there.
        left_with: path of the first snapshot after `until`, which does not list it.
        last_point: the last as-of time; None while it is there.
    """

    machine_id: int
    since: int
    until: int | None = None
    left_with: str | None = None
    last_point: int | None = None

    @property
    def first_point(self) -> int:
        """The first as-of time."""
        return point_at_or_after(self.since)

    def within(self, times: range) -> range:
        """Those of the as-of times that lie in this stretch."""
        last = times[-1] if self.last_point is None else min(self.last_point, times[-1])
        return range(max(self.first_point, times[0]), last + 1, GRID_SECONDS)


@dataclass(frozen=True)
class Presence:
    """The stretches of all machines, in the order of machine and time."""

    stretches: tuple[Stretch, ...]

    def spans(self, times: range) -> list[tuple[int, int, int]]:
        """Machine, first and last point of each stretch that has any of these as-of times."""
        found = ((stretch.machine_id, stretch.within(times)) for stretch in self.stretches)
        return [(machine, points[0], points[-1]) for machine, points in found if points]

    def count(self, times: range) -> int:
        """How many points the machines have at these as-of times."""
        return sum(len(stretch.within(times)) for stretch in self.stretches)

    def throughout(self, times: range) -> set[int] | None:
        """The machines that are there at all these as-of times; None when some are there at a part of them."""
        found = [(stretch.machine_id, len(stretch.within(times))) for stretch in self.stretches]
        if any(0 < points < len(times) for _, points in found):
            return None
        return {machine for machine, points in found if points}

    def points(self, spark: SparkSession, times: range) -> DataFrame:
        """The points (machine_id, as_of) at these as-of times."""
        frame = small_frame(spark, [("machine_id", "int"), ("first", "bigint"), ("last", "bigint")], self.spans(times))
        every = frame.selectExpr("machine_id", f"explode(sequence(first, last, {GRID_SECONDS}L)) AS point")
        return every.selectExpr("machine_id", "timestamp_seconds(point) AS as_of")


def find_presence(
    machines: Iterable[int],
    snapshots: Sequence[Snapshot],
    first_readings: Mapping[int, int],
    readings_of: ReadingsOf,
    start: int,
) -> Presence:
    """The stretches of `machines`.

    Args:
        snapshots: by time.
        first_readings: of each machine that has readings.
        start: the beginning of the data, from which on a machine counts that sends from their first point on, or of which neither a
            snapshot nor a reading is recorded.
    """
    complete = [snapshot for snapshot in snapshots if snapshot.complete]
    first = _first_signs(snapshots, first_readings)
    if first_readings:
        # Who sends when the readings begin was there before: as long as anyone can tell, since the beginning of the data.
        begun = point_at_or_after(min(first_readings.values()))
        first |= {machine: min(at, start) for machine, at in first.items() if at <= begun and not (complete and complete[0].at < at)}
    known = sorted(machines)
    first = dict.fromkeys(known, start) | first
    denied = _denied(known, snapshots, first)
    spans = readings_of(denied) if denied else {}
    found: list[Stretch] = []
    for machine in known:
        if machine in denied:
            listed = [snapshot.at for snapshot in snapshots if machine in snapshot.entities]
            signs = [(first[machine], first[machine]), *spans.get(machine, ()), *((at, at) for at in listed)]
            found += _parted(machine, sorted(signs), listed, complete)
        else:
            found.append(Stretch(machine, first[machine]))
    return Presence(tuple(found))


def _first_signs(snapshots: Sequence[Snapshot], first_readings: Mapping[int, int]) -> dict[int, int]:
    """The first snapshot or reading of each machine that has any."""
    first: dict[int, int] = {}
    for snapshot in snapshots:
        first |= dict.fromkeys(snapshot.entities - first.keys(), snapshot.at)
    return first | {machine: min(at, first.get(machine, at)) for machine, at in first_readings.items()}


def _denied(machines: Collection[int], snapshots: Sequence[Snapshot], first: Mapping[int, int]) -> dict[int, list[int]]:
    """Of machines that a complete snapshot after their first sign does not list, the times of such snapshots."""
    known = frozenset(machines)
    listed = frozenset[int]().union(*(snapshot.entities for snapshot in snapshots))
    found: dict[int, list[int]] = {}
    for snapshot in snapshots:
        for machine in known - snapshot.entities if snapshot.complete else ():
            if first[machine] < snapshot.at or machine not in listed:
                found.setdefault(machine, []).append(snapshot.at)
    return found


def _parted(machine: int, signs: Sequence[Span], listed: Sequence[int], complete: Sequence[Snapshot]) -> list[Stretch]:
    """The stretches of a machine with these spans of readings and listings, and these times of listings, all by time."""
    times = [snapshot.at for snapshot in complete]

    def next_after(at: int) -> Snapshot | None:
        place = bisect_right(times, at)
        return complete[place] if place < len(complete) else None

    found = []
    since, until = signs[0]
    for start, end in signs[1:]:
        # A complete snapshot between two signs of the machine does not list it, or it would be a sign itself.
        gone = next_after(until)
        if gone and gone.at < start:
            found.append(_ended(machine, since, until, gone))
            since = start
        until = max(until, end)
    # Readings after the newest snapshot, which does not list the machine, say nothing of the time after them.
    gone = next_after(until) or next_after(max(listed, default=times[0] - 1))
    found.append(_ended(machine, since, until, gone) if gone else Stretch(machine, since))
    return found


def _ended(machine: int, since: int, until: int, gone: Snapshot) -> Stretch:
    last = point_at_or_after(until)
    # At the point whose 12 hours hold the last reading, the snapshot may have said already that the machine is gone.
    return Stretch(machine, since, until, gone.path, last - GRID_SECONDS if until < gone.at <= last else last)


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
