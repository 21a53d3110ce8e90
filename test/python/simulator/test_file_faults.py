"""Each fault of the files does what its name says, and nothing else."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from simulated import BASE, DAY, days, lines

from simulator.machines.cli import main


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return days(tmp_path_factory.mktemp("sound"))


def test_missing_column(sound: Path, tmp_path: Path) -> None:
    found = lines(days(tmp_path, "--faults", "missing-column"))

    assert found == [line.rpartition(",")[0] for line in lines(sound)]


def test_permuted_columns_keep_every_value_under_its_name(sound: Path, tmp_path: Path) -> None:
    found = lines(days(tmp_path, "--faults", "permuted-columns"))

    assert found[0] != lines(sound)[0]
    assert list(map(dict, csv.DictReader(found))) == list(map(dict, csv.DictReader(lines(sound))))


def test_extra_column_with_quoted_commas(sound: Path, tmp_path: Path) -> None:
    out = days(tmp_path, "--faults", "extra-column")

    for source in ("telemetry", "maint"):
        found = list(csv.DictReader(lines(out, source)))
        assert [row.pop("note") for row in found] == ["checked, ok"] * len(found)
        assert found == list(csv.DictReader(lines(sound, source)))


def test_duplicate_rows(sound: Path, tmp_path: Path) -> None:
    found = lines(days(tmp_path, "--faults", "duplicate-rows"))

    assert len(found) == len(lines(sound)) + 14  # one in a hundred of 60 * 24
    assert set(found) == set(lines(sound))


def test_shuffled_rows(sound: Path, tmp_path: Path) -> None:
    found = lines(days(tmp_path, "--faults", "shuffled-rows"))

    assert found != lines(sound)
    assert found[0] == lines(sound)[0]
    assert sorted(found) == sorted(lines(sound))


def test_bad_values_hit_the_last_column_of_some_rows(sound: Path, tmp_path: Path) -> None:
    changed = [
        (was, now)
        for was, now in zip(lines(sound), lines(days(tmp_path, "--faults", "bad-values")), strict=True)
        if was != now
    ]

    assert len(changed) == 7  # one in two hundred of 60 * 24
    assert all(
        was.rpartition(",")[0] == next(csv.reader([now]))[0] + now[19 : len(was.rpartition(",")[0])]
        for was, now in changed
    )


def test_corrupt_breaks_the_gzip_off(tmp_path: Path) -> None:
    out = days(tmp_path, "--faults", "corrupt")

    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress((out / "telemetry" / f"{DAY}.csv.gz").read_bytes())
    assert lines(out, "maint")[0] == '"datetime","machineID","comp"'


def test_empty_has_no_bytes(tmp_path: Path) -> None:
    out = days(tmp_path, "--faults", "empty")

    assert [(file.stat().st_size) for file in out.rglob("*.csv.gz")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("fault", "least", "most"), [("late", 24 * 60, 72 * 60), ("out-of-order", 24 * 60 + 10, 24 * 60 + 10)]
)
def test_a_delayed_file_comes_after_that_of_the_next_day(
    sound: Path, tmp_path: Path, fault: str, least: int, most: int
) -> None:
    out = days(tmp_path, "--faults", fault)

    files = json.loads((out / f"summary.{DAY}.json").read_text())["files"]
    delays = [
        (np.datetime64(file["deliverAt"][:-1]) - np.datetime64(f"{DAY}T06:05:00")).astype(int) / 60 for file in files
    ]
    assert len(delays) == 4
    assert all(least <= delay <= most for delay in delays)
    assert lines(out) == lines(sound)


def test_a_duplicate_is_delivered_again(sound: Path, tmp_path: Path) -> None:
    out = days(tmp_path, "--faults", "duplicate")

    summary = json.loads((out / f"summary.{DAY}.json").read_text())
    assert [file["path"] for file in summary["files"][:4]] == [file["path"] for file in summary["files"][4:]]
    assert summary["rows"]["telemetry"] == 60 * 24
    assert lines(out) == lines(sound)


def test_one_day_in_n_is_hit_whichever_days_are_made(tmp_path: Path) -> None:
    every = ["--faults", "corrupt", "--fault-every", "5"]
    long = days(tmp_path / "long", *every, span="2015-01-10..2015-01-29")
    hit = [
        file["path"]
        for file in json.loads((long / "summary.2015-01-10_2015-01-29.json").read_text())["files"]
        if "corrupt" in file["faults"]
    ]

    assert len(hit) == 4
    day = hit[1].partition("/")[2][:10]
    alone = days(tmp_path / "alone", *every, span=day)
    assert (alone / hit[1]).read_bytes() == (long / hit[1]).read_bytes()


def test_history_files_stay_sound(tmp_path: Path) -> None:
    arguments = [*BASE, "--end", "2015-01-03", "--history-until", "2015-01-02", "--faults", "corrupt,missing-column"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0

    content = gzip.decompress((tmp_path / "telemetry" / "2015-01-01_2015-01-02.csv.gz").read_bytes())
    assert content.startswith(b'"datetime","machineID","volt","rotate","pressure","vibration"\r\n')
