"""The written telemetry has the statistics of the original (predictive-maintenance guide, 2.1, 2.2, 2.4 and 2.7), in
both modes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv
import pytest
from numpy.typing import NDArray

from simulator.machines import recipe
from simulator.machines.cli import main
from simulator.machines.recorded import read_histories
from simulator.machines.telemetry import decoy_steps

MACHINES = 250
HOURS = 8761
SENSORS = [sensor.name for sensor in recipe.SENSORS]


@dataclass
class Year:
    """A year as it was written: readings (machines, hours, sensors), the failures, and which hours lie in steps."""

    readings: NDArray[np.float64]
    failures: list[tuple[int, int, int]]  # machine index, hour index, code
    failing: NDArray[np.bool_]
    decoys: NDArray[np.bool_]


def _write_event_files(folder: Path, made: Path) -> None:
    for source in ("machines", "errors", "maint", "failures"):
        (file,) = (made / source).glob("*.csv")
        (folder / f"{source}.csv").write_bytes(file.read_bytes())


def _load(out: Path, events: Path, seed: int) -> Year:
    (file,) = (out / "telemetry").glob("*.csv")
    table = pacsv.read_csv(file)
    readings = np.stack([table[name].to_numpy() for name in SENSORS], axis=1).reshape(MACHINES, HOURS, 4)
    histories = read_histories(events, None)
    start = int(table["datetime"][0].as_py().timestamp()) // 3600
    year = Year(readings, [], np.zeros(readings.shape, dtype=bool), np.zeros(readings.shape, dtype=bool))
    for index, history in enumerate(histories):
        for hour, code in zip(*map(np.ndarray.tolist, history.failures), strict=True):
            end = hour - start
            year.failures.append((index, end, code))
            year.failing[index, max(end - 48, 0) : end + 1, recipe.COMPONENTS[code - 1].sensor] = True
        for step in decoy_steps(seed, history.machine.id, start, start + HOURS):
            year.decoys[index, step.first - start : step.last - start + 1, recipe.COMPONENTS[step.code - 1].sensor] = (
                True
            )
    # A failure in the two days after the year casts its step into it, and is in no file.
    year.decoys[:, -48:] = True
    return year


@pytest.fixture(scope="module", params=["simulated", "recorded"])
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    folder = tmp_path_factory.mktemp("year")
    events, invented, recorded = folder / "events", folder / "invented", folder / "recorded"
    events.mkdir()
    assert main(["--machines", str(MACHINES), "--seed", "21", "--plain", "--quiet", "--out", str(invented)]) == 0
    _write_event_files(events, invented)
    if request.param == "simulated":
        yield _load(invented, events, 21)
    else:
        assert main(["--events", str(events), "--seed", "22", "--plain", "--quiet", "--out", str(recorded)]) == 0
        assert json.loads((recorded / "summary.json").read_text())["events"] == "recorded"
        yield _load(recorded, events, 22)


def test_means_and_deviations_are_the_published_ones(year: Year) -> None:
    flat = year.readings.reshape(-1, 4)

    assert flat.mean(axis=0) == pytest.approx([170.760, 446.60, 100.84, 40.350], rel=0.001)
    assert flat.std(axis=0) == pytest.approx([15.502, 52.62, 11.00, 5.337], rel=0.005)
    assert (flat.min(axis=0) > [80, 20, 40, 10]).all()
    assert (flat.max(axis=0) < [285, 760, 215, 90]).all()


def test_normal_hours_are_independent_draws(year: Year) -> None:
    normal = ~(year.failing | year.decoys)
    scaled = np.stack(
        [(year.readings[..., i] - sensor.mean) / sensor.sd for i, sensor in enumerate(recipe.SENSORS)], axis=-1
    )

    for index in range(4):
        values = scaled[..., index][normal[..., index]]
        assert values.mean() == pytest.approx(0, abs=0.005)
        assert values.std() == pytest.approx(1, abs=0.005)
        assert (values**3).mean() == pytest.approx(0, abs=0.02)
        assert (values**4).mean() == pytest.approx(3, abs=0.05)
        for lag in (1, 24):
            both = normal[:, lag:, index] & normal[:, :-lag, index]
            product = scaled[:, lag:, index][both] * scaled[:, :-lag, index][both]
            assert abs(product.mean()) <= 0.005
        for other in range(index):
            both = normal[..., index] & normal[..., other]
            assert abs((scaled[..., index][both] * scaled[..., other][both]).mean()) <= 0.005


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_the_step_covers_exactly_the_49_readings_up_to_the_failure(year: Year, code: int) -> None:
    component = recipe.COMPONENTS[code - 1]
    normal, shift = recipe.SENSORS[component.sensor].mean, component.shift
    around = np.stack(
        [
            year.readings[machine, end - 240 : end + 3, component.sensor] - normal
            for machine, end, found in year.failures
            if found == code and 240 <= end < HOURS - 3
        ]
    )
    mean = around.mean(axis=0) / shift  # index 240 is F

    assert len(around) > 150
    assert (np.abs(mean[:192]) < 0.35).all()
    assert mean[:192].mean() < 0.06  # decoys overlap now and then
    assert mean[192:241].min() > 0.75
    assert (np.abs(mean[241:]) < 0.25).all()


@pytest.mark.parametrize(("code", "low", "high"), [(1, 16.7, 23.5), (2, -90.5, -66.7), (3, 22.4, 27.2), (4, 8.9, 11.1)])
def test_the_size_of_the_step_varies_as_in_the_original(year: Year, code: int, low: float, high: float) -> None:
    component = recipe.COMPONENTS[code - 1]
    inside = [
        year.readings[machine, end - 48 : end + 1, component.sensor]
        for machine, end, found in year.failures
        if found == code and end >= 48 and not year.decoys[machine, end - 48 : end + 1, component.sensor].any()
    ]
    shifts = np.array([values.mean() for values in inside]) - recipe.SENSORS[component.sensor].mean

    assert np.quantile(shifts, [0.1, 0.9]) == pytest.approx([low, high], abs=abs(component.shift) * 0.05)
    assert np.mean([values.std(ddof=1) for values in inside]) == pytest.approx(
        recipe.SENSORS[component.sensor].sd, rel=0.03
    )


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_five_decoys_a_sensor_year_lift_the_mean_outside_of_failures(year: Year, code: int) -> None:
    component = recipe.COMPONENTS[code - 1]
    quiet = ~year.failing[:, :-48, component.sensor]
    excess = year.readings[:, :-48, component.sensor][quiet].mean() - recipe.SENSORS[component.sensor].mean

    assert excess / component.shift * 8760 / 49 == pytest.approx(5.0, abs=0.55)


def test_no_two_equal_readings_in_a_row(year: Year) -> None:
    assert (np.diff(year.readings, axis=1) != 0).all()
