"""Each fault does what its name says, and nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from simulator.cli import main
from simulator.faults.catalogue import FAULTS, PROFILES

DAY = "2015-01-20"
BASE = ["--machines", "60", "--seed", "5", "--quiet", "--fault-every", "1"]


def days(out: Path, *arguments: str, span: str = DAY) -> Path:
    assert main([*BASE, "--days", span, "--out", str(out), *arguments]) == 0
    return out


def lines(out: Path, source: str = "telemetry", day: str = DAY) -> list[str]:
    return (
        gzip.decompress((out / source / f"{day}.csv.gz").read_bytes())
        .decode("ascii")
        .removesuffix("\r\n")
        .split("\r\n")
    )


def readings(out: Path, machines: int, hours: int) -> np.ndarray:
    (file,) = (out / "telemetry").iterdir()
    table = np.loadtxt(
        io.StringIO(gzip.decompress(file.read_bytes()).decode()), delimiter=",", skiprows=1, usecols=(2, 3, 4, 5)
    )
    return table.reshape(machines, hours, 4)


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


def _year(out: Path, *arguments: str) -> np.ndarray:
    assert (
        main(["--machines", "60", "--seed", "5", "--quiet", "--end", "2015-12-01", "--out", str(out), *arguments]) == 0
    )
    return readings(out, 60, 334 * 24 + 1)


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return _year(tmp_path_factory.mktemp("normal"))


def test_ramp_rises_slowly_before_some_failures_and_leaves_the_step_alone(normal: np.ndarray, tmp_path: Path) -> None:
    difference = _year(tmp_path, "--faults", "ramp") - normal

    changed = (difference != 0).any(axis=(1, 2)).mean()
    assert 0.5 < changed < 1
    machine, sensor = next((m, s) for m in range(60) for s in range(4) if (difference[m, :, s] > 0).any())
    rise = difference[machine, :, sensor]
    last = int(np.flatnonzero(rise)[-1])
    assert rise[last] > 10 * rise[last - 150] > 0
    assert rise[last + 1] == 0


def test_drift_moves_one_sensor_of_few_machines_by_half_a_deviation_a_month(normal: np.ndarray, tmp_path: Path) -> None:
    difference = _year(tmp_path, "--faults", "drift") - normal

    affected = np.argwhere((difference != 0).any(axis=1))
    assert 1 <= len(affected) <= 10
    for machine, sensor in affected:
        slope = np.diff(difference[machine, -1441:, sensor][::720])
        assert slope == pytest.approx([0.5 * [15, 50, 10, 5][sensor]] * 2, rel=1e-6)


def test_unit_change_scales_one_sensor_from_some_day_on(normal: np.ndarray, tmp_path: Path) -> None:
    ratio = _year(tmp_path, "--faults", "unit-change") / normal

    affected = np.argwhere(np.abs(ratio[:, -1] - 1) > 0.01)
    assert 1 <= len(affected) <= 8
    for machine, sensor in affected:
        factor = [1000, 1 / 60, 0.145038, 1 / 25.4][sensor]
        assert ratio[machine, -200:, sensor] == pytest.approx([factor] * 200, rel=1e-6)
        assert ratio[machine, 0, sensor] == pytest.approx(1)


def test_stuck_repeats_a_value(normal: np.ndarray, tmp_path: Path) -> None:
    repeats = (np.diff(_year(tmp_path, "--faults", "stuck"), axis=1) == 0).sum()

    assert (np.diff(normal, axis=1) == 0).sum() == 0
    assert repeats == pytest.approx(60 * 2 * 334 / 365 * 19, rel=0.3)


def test_missing_hours_leave_rows_out(tmp_path: Path) -> None:
    arguments = [
        "--machines",
        "60",
        "--seed",
        "5",
        "--quiet",
        "--end",
        "2015-12-01",
        "--out",
        str(tmp_path),
        "--faults",
        "missing-hours",
    ]
    assert main(arguments) == 0

    missing = 60 * (334 * 24 + 1) - json.loads((tmp_path / "summary.json").read_text())["rows"]["telemetry"]
    assert missing == pytest.approx(60 * 6 * 334 / 365 * 6.5, rel=0.2)


def test_new_model_is_one_machine_in_ten(tmp_path: Path) -> None:
    assert (
        main(
            [
                "--machines",
                "400",
                "--seed",
                "5",
                "--quiet",
                "--end",
                "2015-01-02",
                "--out",
                str(tmp_path),
                "--faults",
                "new-model",
            ]
        )
        == 0
    )

    models = gzip.decompress((tmp_path / "machines" / "2015-01-02.csv.gz").read_bytes()).decode().count('"model5"')
    assert models == pytest.approx(40, abs=20)


def test_profiles_are_made_of_known_faults() -> None:
    assert PROFILES["ms-faithful"] == ()
    assert set(PROFILES["extended"]) <= set(FAULTS)
    assert len({fault.number for fault in FAULTS.values()}) == len(FAULTS)
