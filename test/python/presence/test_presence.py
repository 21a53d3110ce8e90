"""When a machine counts as there: by what snapshots and readings say, in whatever order they came."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from batchkeeper.features.grid import HOUR, AsOfGrid
from batchkeeper.ingestion.journal.snapshots import Snapshot
from batchkeeper.presence.stretches import Presence, Span, Stretch, cut, find_presence, inside

DAY = 24 * HOUR
GRID = AsOfGrid(12 * HOUR, 6 * HOUR)
NOON = 1_446_552_000  # 2015-11-03 12:00 UTC
SIX = NOON - 6 * HOUR


def snapshot(day: int, *machines: int, complete: bool = True, hour: int = 0) -> Snapshot:
    """A snapshot at 06:00 of a day, or some hours later."""
    return Snapshot(SIX + day * DAY + hour * HOUR, f"machines/{day}.csv", complete, frozenset(machines))


def hours(first: int, last: int) -> list[int]:
    """Hourly readings, hours counted from 06:00 of day 0, both included."""
    return [SIX + hour * HOUR for hour in range(first, last + 1)]


def presence(
    machines: Sequence[int],
    snapshots: Sequence[Snapshot],
    readings: Mapping[int, Sequence[int]] | None = None,
    start: int | None = None,
) -> Presence:
    """As the tables would give it; without `start` the data begin with the first reading."""
    given = readings or {}

    def spans(denied: Mapping[int, Sequence[int]]) -> dict[int, list[Span]]:
        return {machine: [(at, at) for at in given.get(machine, ())] for machine in denied}

    first = {machine: min(times) for machine, times in given.items() if times}
    begun = min(first.values(), default=SIX - 30 * DAY) if start is None else start
    return find_presence(machines, sorted(snapshots, key=lambda one: one.at), first, spans, begun, GRID)


def points(found: Presence, machine: int, days: int = 10) -> list[float]:
    """The as-of points in days after 06:00 of day 0."""
    times = grid_times_of(days)
    own = Presence(tuple(stretch for stretch in found.stretches if stretch.entity == machine))
    return [(at - SIX) / DAY for stretch in own.stretches for at in stretch.within(times)]


def grid_times_of(days: int) -> range:
    return range(SIX - DAY, SIX + days * DAY + 1, GRID.step)


def test_a_machine_in_every_snapshot_is_there_from_the_first_on_and_has_no_end() -> None:
    found = presence([1], [snapshot(0, 1), snapshot(1, 1)])

    assert found.stretches == (Stretch(1, SIX),)
    assert found.throughout(grid_times_of(3)) is None
    assert points(found, 1, 2) == [0, 0.5, 1, 1.5, 2]


def test_readings_before_the_first_snapshot_make_it_earlier_and_a_maintenance_record_alone_does_not() -> None:
    found = presence([1, 2], [snapshot(3, 1, 2)], {1: hours(1, 200)})

    assert points(found, 1, 4)[0] == 0.5
    assert points(found, 2, 4) == [3, 3.5, 4]


def test_one_that_is_gone_from_the_newest_snapshot_ends_with_its_last_snapshot_or_reading() -> None:
    silent = presence([1, 2], [snapshot(0, 1, 2), snapshot(1, 1)], {1: hours(-24, 48), 2: hours(-24, 0)})
    sending = presence([1, 2], [snapshot(0, 1, 2), snapshot(1, 1)], {1: hours(-24, 48), 2: hours(-24, 40)})

    assert points(silent, 2) == [-1, -0.5, 0]
    assert points(sending, 2) == [-1, -0.5, 0, 0.5, 1, 1.5, 2]
    assert sending.stretches[-1].left_with == "machines/1.csv", "readings after it tell nothing of the time after them"
    assert silent.stretches[-1] == Stretch(2, SIX - DAY, SIX, "machines/1.csv", SIX)
    assert points(silent, 1, 2)[-1] == 2


@pytest.mark.parametrize(("last_reading", "last_point"), [(8, 0.5), (12, 0.5), (13, 0.5), (20, 0.5), (24, 1)])
def test_the_last_point_holds_the_last_reading_unless_the_snapshot_was_there_before_it(
    last_reading: int, last_point: float
) -> None:
    found = presence([1, 2], [snapshot(0, 1, 2), snapshot(1, 1), snapshot(2, 1)], {2: hours(-24, last_reading)})

    assert points(found, 2)[-1] == last_point


def test_one_that_comes_back_has_no_points_for_the_time_between() -> None:
    by_snapshot = presence([1, 2], [snapshot(0, 1, 2), snapshot(1, 1), snapshot(2, 1), snapshot(4, 1, 2)])
    by_reading = presence(
        [1, 2], [snapshot(0, 1, 2), snapshot(1, 1), snapshot(5, 1, 2)], {2: [*hours(-24, 0), *hours(49, 120)]}
    )

    assert points(by_snapshot, 2, 5) == [0, 4, 4.5, 5]
    assert points(by_reading, 2, 4) == [-1, -0.5, 0, 2.5, 3, 3.5, 4]


def test_silence_without_a_snapshot_that_denies_it_is_no_leave() -> None:
    found = presence([1, 2], [snapshot(0, 1, 2), snapshot(8, 1, 2)], {2: hours(-24, 0)})

    assert points(found, 2, 8) == [number / 2 for number in range(-2, 17)]


def test_a_snapshot_that_is_empty_or_unreadable_in_part_denies_nobody_but_vouches_for_whom_it_lists() -> None:
    found = presence([1, 2, 3], [snapshot(0, 1, 2), snapshot(1, 3, complete=False), snapshot(2, complete=False)])

    assert [stretch.until for stretch in found.stretches] == [None, None, None]
    assert points(found, 3, 2)[0] == 1


def test_a_machine_that_keeps_sending_while_no_snapshot_lists_it_has_points_until_its_last_reading() -> None:
    found = presence([1, 2], [snapshot(day, *([1, 2] if day == 0 else [1])) for day in range(8)], {2: hours(0, 96)})

    assert points(found, 2) == [number / 2 for number in range(9)]


def test_machines_that_send_when_the_readings_begin_are_there_since_the_data_begin_and_others_are_not() -> None:
    # The first file covers a day from 06:00 on, and its first reading is that of the next morning.
    found = presence([1, 2, 3], [snapshot(5, 1, 2, 3)], {1: hours(24, 200), 2: hours(22, 200), 3: hours(25, 200)}, SIX)

    assert points(found, 1, 2) == points(found, 2, 2) == [0, 0.5, 1, 1.5, 2]
    assert points(found, 3, 2) == [1.5, 2]


def test_a_machine_without_any_record_is_taken_to_have_been_there_always() -> None:
    assert points(presence([1], []), 1, 1) == [-1, -0.5, 0, 0.5, 1]


def test_a_span_of_readings_is_cut_at_the_silences_in_which_a_snapshot_denies_the_machine() -> None:
    assert cut((10, 100), [(20, 30), (50, 80), (5, 8), (100, 120)]) == [(10, 20), (30, 50), (80, 100)]
    assert inside([10, 11, 50, 100], (10, 100)) == [11, 50]


def test_presence_follows_a_plain_walk_along_the_time_and_knows_no_order_of_arrival() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        snapshots = [
            snapshot(
                day,
                *(machine for machine in (1, 2, 3) if chance.random() < 0.6),
                complete=chance.random() < 0.8,
                hour=chance.choice((0, 0, 7)),
            )
            for day in range(8)
            if chance.random() < 0.7
        ]
        readings = {machine: [at for at in hours(-24, 200) if chance.random() < 0.05] for machine in (1, 2, 3)}
        found = presence([1, 2, 3], snapshots, readings)
        shuffled = presence([3, 1, 2], chance.sample(snapshots, len(snapshots)), readings)

        assert shuffled == found
        for machine in (1, 2, 3):
            listings = [one.at for one in snapshots if machine in one.entities]
            signs = sorted({*readings[machine], *listings})
            denials = sorted(one.at for one in snapshots if one.complete and machine not in one.entities)
            if signs:
                times = grid_times_of(10)
                assert [at for at in times if is_there(at, signs, listings, denials)] == sorted(
                    at for one in found.stretches if one.entity == machine for at in one.within(times)
                ), (seed, machine)


def is_there(at: int, signs: Sequence[int], listings: Sequence[int], denials: Sequence[int]) -> bool:
    """Whether a machine has a point, in other words: it was there before, and nobody denies it until it is again."""
    before = max((sign for sign in signs if sign <= at), default=None)
    if before is None:
        return False
    after = min((sign for sign in signs if sign > at), default=None)
    denied = [denial for denial in denials if before < denial and (after is None or denial < after)]
    if denied:
        return at < denied[0] and GRID.at_or_after(before) == at
    gone = after is None and max(denials, default=0) > max(listings, default=0)
    return not gone or GRID.at_or_after(before) == at


def test_counting_and_listing_agree() -> None:
    found = presence([1, 2], [snapshot(0, 1, 2), snapshot(1, 1), snapshot(3, 1, 2)])
    times = grid_times_of(4)

    assert found.count(times) == sum(len(points(found, machine, 4)) for machine in (1, 2))
    assert found.throughout(range(SIX + DAY, SIX + 2 * DAY + 1, GRID.step)) == {1}
