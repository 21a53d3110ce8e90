"""The drops do not depend on how the work was divided: files, days, machines; the seed decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import EVENTS, SMALL, by_machine_and_time, rows, run


@pytest.mark.parametrize("profile", ["ms-faithful", "extended"])
def test_any_division_into_files_gives_the_same_rows(tmp_path: Path, profile: str) -> None:
    common = [*SMALL, "--profile", profile, "--fault-every", "1000"]  # faults of the readings only
    whole = run(tmp_path / "whole", *common, "--workers", "1")
    daily = run(tmp_path / "daily", *common, "--daily", "--workers", "3")

    for source in ("telemetry", *EVENTS):
        (one,) = (whole / source).iterdir()
        many = [row for file in (daily / source).iterdir() for row in rows(file)]
        assert len(many) > 10
        assert by_machine_and_time(many) == by_machine_and_time(rows(one))


def test_later_days_made_alone_continue_the_history(history: Path, tmp_path: Path) -> None:
    shorter = run(tmp_path / "shorter", *SMALL[:-1], "2015-02-20")
    alone = run(tmp_path / "alone", *SMALL, "--days", "2015-02-21..2015-03-02")
    one_day = run(tmp_path / "one", *SMALL[:-1], "2015-12-31", "--only-days", "2015-02-25")

    for source in ("telemetry", *EVENTS):
        name = "2015-01-01_2015-02-20.csv.gz"
        assert (shorter / source / name).read_bytes() == (history / source / name).read_bytes()
        for file in (alone / source).iterdir():
            assert file.read_bytes() == (history / source / file.name).read_bytes()
        assert len(list((alone / source).iterdir())) == 10
        assert [file.name for file in (one_day / source).iterdir()] == ["2015-02-25.csv.gz"]
        assert (one_day / source / "2015-02-25.csv.gz").read_bytes() == (
            history / source / "2015-02-25.csv.gz"
        ).read_bytes()
    assert not (alone / "machines").exists()


def test_a_machine_does_not_depend_on_the_others(whole: Path, tmp_path: Path) -> None:
    smaller = run(tmp_path, "--machines", "5", *SMALL[2:])

    for source in ("telemetry", *EVENTS):
        (all_rows,), (few_rows,) = (whole / source).iterdir(), (smaller / source).iterdir()
        assert [row for row in rows(all_rows) if int(row[1]) <= 5] == rows(few_rows)


def test_the_seed_decides(whole: Path, tmp_path: Path) -> None:
    again = run(tmp_path / "again", *SMALL)
    other = run(tmp_path / "other", *SMALL, "--seed", "8")

    for source in ("machines", "telemetry", *EVENTS):
        (first,), (second,), (third,) = (
            (whole / source).iterdir(),
            (again / source).iterdir(),
            (other / source).iterdir(),
        )
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() != third.read_bytes()
