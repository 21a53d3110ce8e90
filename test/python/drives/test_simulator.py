"""The statistics of the simulated drives, as the example's README states them."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulator.drives import recipe
from simulator.drives.cli import main
from simulator.drives.drops import DriveDrops
from simulator.drives.fleet import Drive, drives_of_slot
from simulator.drives.rows import DrivePlan, Rows

START = date(2023, 7, 1)
DAYS = 500
SLOTS = 1500


@pytest.fixture(scope="module")
def fleet() -> DriveDrops:
    return DriveDrops(plan(Path("unused"), SLOTS, DAYS))


def plan(out: Path, slots: int, days: int, *, seed: int = 3, hazard: float = 1.0, history: int = 0) -> DrivePlan:
    end = START + timedelta(days=days)
    return DrivePlan(out, slots, seed, START, end, START + timedelta(days=history), gzip=False, hazard=hazard)


def of_days(rows: Rows) -> np.ndarray:
    """The places of one row for each day of a drive."""
    return np.unique(rows.drive.astype(np.int64) * DAYS + rows.day, return_index=True)[1]


def test_one_drive_fails_in_ten_thousand_drive_days() -> None:
    # Failures are few, so many slots are needed; their readings are not.
    drives = [drive for slot in range(6000) for drive in drives_of_slot(1, slot, DAYS)]
    days = sum((DAYS if drive.leaves is None else drive.leaves) - drive.arrives for drive in drives)
    failures = sum(drive.failed_at is not None for drive in drives)

    assert failures / days * 10_000 == pytest.approx(1.0, abs=0.15)


def test_drives_come_and_go_all_year(fleet: DriveDrops) -> None:
    year = 365.25 / DAYS
    arrived = [drive.arrives for drive in fleet.drives if drive.arrives]
    left = [drive.leaves for drive in fleet.drives if drive.leaves is not None and drive.leaves < DAYS]

    assert len(arrived) * year / SLOTS == pytest.approx(0.23, abs=0.05)
    assert len(left) * year / SLOTS == pytest.approx(0.12, abs=0.04)
    for days in (arrived, left):
        # Somebody comes and goes in each fifty days.
        assert all(np.histogram(days, bins=10, range=(0, DAYS))[0] > 0)


def test_no_serial_number_occurs_twice(fleet: DriveDrops) -> None:
    serials = [drive.serial for drive in fleet.drives]

    assert len(set(serials)) == len(serials)
    assert all(len(serial) == 12 for serial in serials)


def test_counters_only_rise_and_hours_tell_the_time(fleet: DriveDrops) -> None:
    rows, order = fleet.rows, of_days(fleet.rows)
    same = rows.drive[order][1:] == rows.drive[order][:-1]
    rises = np.diff(rows.counters[order], axis=0)[same]
    gaps = np.diff(rows.day[order])[same]

    assert rises.min() >= 0
    assert (rises[:, recipe.COUNTERS.index("power_on_hours")] == 24 * gaps).all()
    assert (np.diff(rows.values[order], axis=0)[same] < 0).mean() == pytest.approx(0.5, abs=0.05)


def test_late_repeated_and_lost_readings_have_their_shares(fleet: DriveDrops) -> None:
    rows, once = fleet.rows, of_days(fleet.rows)
    expected = sum(min(drive.leaves or DAYS, DAYS) - drive.arrives for drive in fleet.drives)
    repeated = len(rows.day) - len(once)
    late = np.count_nonzero(rows.sent > rows.day) - repeated

    assert late / len(once) == pytest.approx(recipe.LATE_SHARE, abs=0.0015)
    assert repeated / len(once) == pytest.approx(recipe.REPEATED_SHARE, abs=0.0015)
    assert 1 - len(once) / expected == pytest.approx(recipe.LOST_SHARE, abs=0.0003)
    assert set(np.unique(rows.sent - rows.day)) == {0, 1}


def test_the_critical_counters_find_most_failures_and_accuse_many_sound_drives(fleet: DriveDrops) -> None:
    rows, once = fleet.rows, of_days(fleet.rows)
    failed = np.array([drive.leaves if drive.failed_at is not None else 10**6 for drive in fleet.drives])
    ahead = failed[rows.drive[once]] - rows.day[once]
    accused = rows.counters[once][:, -len(recipe.CRITICAL) :].max(axis=1) > 0
    fails = ahead <= 7

    assert accused[fails].mean() == pytest.approx(0.82, abs=0.1)
    assert accused.mean() == pytest.approx(0.09, abs=0.02)
    assert fails[accused].mean() < 0.02


def test_a_failed_drive_sends_nothing_any_more(fleet: DriveDrops) -> None:
    last = np.zeros(len(fleet.drives), dtype=np.int64)
    np.maximum.at(last, fleet.rows.drive, fleet.rows.day)
    failed = [(place, drive) for place, drive in enumerate(fleet.drives) if drive.failed_at and drive.leaves < DAYS]  # type: ignore[operator]

    assert len(failed) > 30
    assert all(last[place] < drive.leaves for place, drive in failed)  # type: ignore[operator]


def without_future(drive: Drive, days: int) -> tuple[object, ...]:
    gone = drive.leaves is not None and drive.leaves < days
    return (drive.serial, drive.model, drive.arrives, drive.leaves if gone else None, drive.failed_at if gone else None)


def test_equal_seeds_give_equal_drives_whatever_comes_later_or_beside() -> None:
    few, many = (DriveDrops(plan(Path("unused"), slots, days, hazard=30)) for slots, days in ((40, 120), (90, 200)))
    seen = [place for place, drive in enumerate(many.drives) if drive.slot < 40 and drive.arrives < 120]

    assert [without_future(drive, 120) for drive in few.drives] == [
        without_future(many.drives[place], 120) for place in seen
    ]
    for place, later in enumerate(seen):
        mine = few.rows.counters[(few.rows.drive == place) & (few.rows.sent == few.rows.day)]
        theirs = many.rows.counters[
            (many.rows.drive == later) & (many.rows.sent == many.rows.day) & (many.rows.day < 120)
        ]
        # On the last day of the shorter one nothing is late.
        assert (mine[:119] == theirs[: len(mine)][:119]).all()


def test_the_files_of_a_day_hold_the_day_before(tmp_path: Path) -> None:
    arguments = "--drives 130 --start 2024-01-01 --history-until 2024-01-20 --end 2024-01-31 --plain --quiet --out"
    assert main([*arguments.split(), str(tmp_path)]) == 0
    folder = tmp_path / "drive-failures"

    names = sorted(path.name for path in folder.rglob("*.csv"))
    assert names.count("2024-01-02_2024-01-20.csv") == 2
    assert names.count("2024-01-31.csv") == 3
    with (folder / "readings" / "2024-01-25.csv").open() as file:
        days = {row["ts"][:10] for row in csv.DictReader(file)}
    assert "2024-01-24" in days
    assert days <= {"2024-01-23", "2024-01-24"}
    with (folder / "drives" / "2024-01-31.csv").open() as file:
        assert 100 < len(list(csv.DictReader(file))) <= 130


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--drives", "0"], "--drives must be at least 1"),
        (["--end", "2023-01-01"], "start, history and end must be in order"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), *arguments])

    assert message in capsys.readouterr().err
