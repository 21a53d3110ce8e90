"""Job parameters: what is read, and what each refusal says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from batchkeeper.contract.parameters import JobParameters, iso, parse_time
from batchkeeper.errors import ParameterError

GIVEN = {
    "run_id": "scoring-20151116t063000-1a2b3c4d",
    "manifest_path": "batches/scoring-20151116t063000-1a2b3c4d/manifest.json",
    "window_start": "2015-11-15T06:00:00Z",
    "window_end": "2015-11-16T07:00:00+01:00",
    "catalog": "spark_catalog",
    "schema": "pdm",
    "volume_root": "/Volumes/main/pdm/blobs",
    "scenario": "predictive_maintenance",
}


class Widgets:
    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def get(self, name: str) -> str:
        return self.values[name]


def read(**changes: str) -> JobParameters:
    return JobParameters.from_widgets(Widgets({**GIVEN, **changes}))


def test_times_become_utc() -> None:
    parameters = read()
    assert parameters.window_start == datetime(2015, 11, 15, 6, tzinfo=UTC)
    assert parameters.window_end is not None
    assert iso(parameters.window_end) == "2015-11-16T06:00:00Z"
    assert parameters.path("results/x.json") == Path("/Volumes/main/pdm/blobs/results/x.json")


def test_empty_window_means_by_the_data() -> None:
    parameters = read(window_start="", window_end="")
    assert (parameters.window_start, parameters.window_end) == (None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run_id": "Run 1"}, "run_id"),
        ({"window_start": ""}, "give both"),
        ({"window_start": "2015-11-15T06:00:00"}, "time zone"),
        ({"window_start": "yesterday"}, "window_start"),
        ({"window_end": "2015-11-15T06:00:00Z"}, "must be after"),
        ({"schema": "a`; DROP"}, "schema"),
        ({"volume_root": "blobs"}, "volume_root"),
        ({"manifest_path": "../../etc/passwd"}, "stay inside"),
        ({"manifest_path": "  "}, "manifest_path: job parameter is empty"),
        ({"scenario": ""}, "scenario: job parameter is empty"),
    ],
)
def test_refusals_name_the_parameter(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        read(**changes)


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(ParameterError, match="catalog: job parameter is missing"):
        JobParameters.from_widgets(Widgets({name: value for name, value in GIVEN.items() if name != "catalog"}))


def test_a_time_without_zone_has_no_text() -> None:
    with pytest.raises(ValueError, match="no zone"):
        iso(datetime(2015, 1, 1))
    assert iso(parse_time("2015-01-01T00:00:00.5Z", "x")) == "2015-01-01T00:00:00.500000Z"
