"""The drops: format, layout, day coverage."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

from simulated import EVENTS, SMALL, rows, run, text

from simulator import VERSION

GOLDEN = Path(__file__).parent / "golden"


def test_the_format_is_the_originals(tmp_path: Path) -> None:
    run(
        tmp_path,
        "--machines",
        "2",
        "--seed",
        "42",
        "--end",
        "2015-04-01",
        "--history-until",
        "2015-03-31",
        "--plain",
        "--quiet",
    )

    for source in EVENTS:
        assert (tmp_path / source / "2015-01-01_2015-03-31.csv").read_bytes() == (GOLDEN / f"{source}.csv").read_bytes()
    assert (tmp_path / "telemetry" / "2015-04-01.csv").read_bytes() == (GOLDEN / "telemetry.csv").read_bytes()


def test_readings_have_the_originals_precision(whole: Path) -> None:
    decimals = [
        len(value.partition(".")[2]) for row in rows(next((whole / "telemetry").iterdir())) for value in row[2:]
    ]

    assert min(decimals) >= 6
    assert max(decimals) == 12
    assert sum(found >= 11 for found in decimals) > 0.98 * len(decimals)


def test_history_then_one_file_a_day(history: Path) -> None:
    days = [f"2015-02-{day}.csv.gz" for day in range(21, 29)] + ["2015-03-01.csv.gz", "2015-03-02.csv.gz"]

    for source in ("telemetry", *EVENTS):
        assert sorted(file.name for file in (history / source).iterdir()) == ["2015-01-01_2015-02-20.csv.gz", *days]
    assert [file.name for file in (history / "machines").iterdir()] == ["2015-02-20.csv.gz"]
    assert len(rows(history / "machines" / "2015-02-20.csv.gz")) == 12


def test_a_day_covers_what_follows_six_of_the_day_before(history: Path) -> None:
    for source in ("telemetry", *EVENTS):
        for file in sorted((history / source).glob("2015-02-2[1-8].csv.gz")):
            end = datetime.fromisoformat(f"{file.name[:10]} 06:00:00")
            times = {datetime.fromisoformat(row[0]) for row in rows(file)}
            if source == "telemetry":
                assert times == {end - timedelta(hours=offset) for offset in range(24)}
            assert all(end - timedelta(days=1) < time <= end for time in times)


def test_a_day_without_events_still_has_a_file_with_a_header(history: Path) -> None:
    empty = [file for file in (history / "failures").iterdir() if text(file) == '"datetime","machineID","failure"\r\n']

    assert empty


def test_initial_ages_belong_to_the_history(history: Path, tmp_path: Path) -> None:
    before = [row for row in rows(history / "maint" / "2015-01-01_2015-02-20.csv.gz") if row[0] < "2015"]
    assert len(before) == 48

    daily = run(tmp_path, *SMALL, "--daily")
    assert [row for row in rows(daily / "maint" / "2015-01-01.csv.gz") if row[0] < "2015"] == before


def test_8761_rows_a_machine_and_year(tmp_path: Path) -> None:
    run(tmp_path, "--machines", "2", "--quiet")

    found = rows(tmp_path / "telemetry" / "2015-01-01_2016-01-01.csv.gz")
    assert [sum(row[1] == machine for row in found) for machine in "12"] == [8761, 8761]
    assert (found[0][0], found[8760][0]) == ("2015-01-01 06:00:00", "2016-01-01 06:00:00")


def test_recorded_events_are_written_as_they_were_and_telemetry_is_simulated(whole: Path, tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.mkdir()
    for source in ("machines", *EVENTS):
        (file,) = (whole / source).iterdir()
        (events / f"{source}.csv").write_text(text(file), newline="")

    made = run(
        tmp_path / "made", "--events", str(events), "--machines", "9", "--seed", "7", "--end", "2015-03-02", "--quiet"
    )

    for source in EVENTS:
        expected = [row for row in rows(next((whole / source).iterdir())) if int(row[1]) <= 9]
        assert rows(next((made / source).iterdir())) == expected
    first_row = next(row for row in rows(next((whole / "telemetry").iterdir())) if int(row[1]) <= 9)
    assert rows(next((made / "telemetry").iterdir()))[0] == first_row


def test_any_year(tmp_path: Path) -> None:
    run(
        tmp_path,
        "--machines",
        "3",
        "--start",
        "2027-12-30",
        "--end",
        "2028-03-01",
        "--history-until",
        "2028-02-28",
        "--quiet",
    )

    assert sorted(file.name for file in (tmp_path / "telemetry").iterdir()) == [
        "2027-12-30_2028-02-28.csv.gz",
        "2028-02-29.csv.gz",
        "2028-03-01.csv.gz",
    ]
    assert len(rows(tmp_path / "telemetry" / "2027-12-30_2028-02-28.csv.gz")) == 3 * (60 * 24 + 1)


def test_the_summary_tells_what_stands_in_the_files(history: Path) -> None:
    summary = json.loads((history / "summary.json").read_text())

    assert summary["generator"] == {"name": "simulator", "version": VERSION}
    assert (summary["seed"], summary["profile"], summary["machines"]) == (7, "ms-faithful", 12)
    assert summary["rows"]["telemetry"] == 12 * (60 * 24 + 1)
    for file in summary["files"]:
        path = history / file["path"]
        assert len(rows(path)) == file["rows"]
        assert path.stat().st_size == file["bytes"]
        assert file["deliverAt"] == f"{re.findall(r'[0-9-]{10}', path.name)[-1]}T06:05:00Z"
    assert sum(summary["counts"]["failures"].values()) == summary["rows"]["failures"]
    assert sum(summary["counts"]["maint"].values()) == summary["rows"]["maint"] - 48
