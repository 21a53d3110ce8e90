"""Each fault of the signals, the hours or the fleet does what its name says, and nothing else."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest

from simulator.faults.catalogue import FAULTS, PROFILES
from simulator.machines.cli import main


def readings(out: Path, machines: int, hours: int) -> np.ndarray:
    (file,) = (out / "telemetry").iterdir()
    table = np.loadtxt(
        io.StringIO(gzip.decompress(file.read_bytes()).decode()), delimiter=",", skiprows=1, usecols=(2, 3, 4, 5)
    )
    return table.reshape(machines, hours, 4)


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
