"""Who is expected on a day, by snapshots: whoever comes, leaves or is away owes no full day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from batchkeeper.ingestion.journal.attendance import Attendance
from batchkeeper.ingestion.journal.snapshots import Snapshot
from batchkeeper.scenario.coverage_rule import CoverageRule

HOUR = 6
COVERAGE = CoverageRule(HOUR)


def snapshot(day: int, *entities: int, complete: bool = True, hour: int = HOUR) -> Snapshot:
    """A snapshot at a time of a day of November 2015."""
    at = int(datetime(2015, 11, day, hour, tzinfo=UTC).timestamp())
    return Snapshot(at, f"machines/{day}.csv", complete, frozenset(entities))


def day(number: int) -> date:
    return date(2015, 11, number)


def absences(snapshots: list[Snapshot], *days: int) -> list[tuple[int, int, int]]:
    return [(who, first.day, last.day) for who, first, last in Attendance(snapshots, COVERAGE).absences(map(day, days))]


def test_nobody_is_absent_before_the_first_snapshot_nor_without_one() -> None:
    assert absences([], 1, 2) == []
    assert absences([snapshot(4, 1, 2)], 1, 2, 4, 9) == []


def test_whom_the_newest_snapshot_does_not_list_is_absent_from_the_day_that_it_ends_on() -> None:
    assert absences([snapshot(4, 1, 2), snapshot(5, 1)], 3, 4, 5, 6, 7) == [(2, 5, 7)]


def test_who_comes_is_absent_up_to_the_day_after_which_it_is_listed() -> None:
    assert absences([snapshot(4, 1), snapshot(5, 1, 2)], 3, 4, 5, 6) == [(2, 3, 5)]


def test_who_comes_back_is_absent_between() -> None:
    known = [snapshot(4, 1, 2), snapshot(5, 1), snapshot(6, 1), snapshot(7, 1, 2), snapshot(9, 2)]

    assert absences(known, *range(3, 12)) == [(2, 5, 7), (1, 9, 11)]
    assert absences(known, 4, 6, 8) == [(2, 6, 6)], "only the days asked for count"


def test_a_snapshot_that_does_not_say_who_left_only_adds() -> None:
    assert absences([snapshot(4, 1), snapshot(5, 2, complete=False)], 4, 5, 6) == [(2, 4, 5)]
    assert absences([snapshot(4, complete=False), snapshot(5, 1, 2)], 4, 5, 6) == []


def test_a_snapshot_within_a_day_counts_from_the_end_of_that_day() -> None:
    assert absences([snapshot(4, 1, 2), snapshot(5, 1, hour=12)], 5, 6, 7) == [(2, 6, 7)]


@pytest.mark.parametrize(
    ("more", "agrees"),
    [
        (snapshot(6, 1, 2), True),
        (snapshot(6, 1), False),
        (snapshot(4, 1), True),
        (snapshot(4, 1, 2), False),
        (snapshot(9, 2), False),
    ],
)
def test_a_snapshot_that_says_nothing_new_changes_nothing(more: Snapshot, agrees: bool) -> None:
    before = [snapshot(3, 1), snapshot(5, 1, 2)]
    after = sorted([*before, more], key=lambda one: one.at)

    assert Attendance(after, COVERAGE).agrees_with(Attendance(before, COVERAGE)) is agrees
