"""Rows that come too far behind the data are kept aside and counted; a repetition judges as the first attempt did."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry
from pdm import SCENARIO

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.errors import ParameterError
from batchkeeper.ingestion.rows.lateness import parse_lateness
from batchkeeper.ingestion.step import Ingestion

POLICY = {"telemetry": timedelta(hours=24)}
ALL = {"machines/2015-11-15.csv": MACHINES}


def ingest(bench: Bench, parameters: JobParameters) -> dict[str, Any]:
    done = Ingestion(bench.tables, SCENARIO, parameters, lateness=POLICY).run()
    result: dict[str, Any] = json.loads(done.to_json())
    return result


def test_rows_beyond_the_allowed_lateness_are_kept_aside_and_counted(bench: Bench) -> None:
    first = bench.freeze({**ALL, "telemetry/2015-11-15.csv": telemetry(reading("2015-11-15 01:00:00"))})
    # Nothing was there before: nothing is late, however old it is.
    assert ingest(bench, first)["counts"]["rowsQuarantined"] == 0
    bench.modified = datetime(2015, 11, 16, tzinfo=UTC)
    late = telemetry(reading("2015-11-14 05:00:00"), reading("2015-11-14 06:00:00"), reading("2015-11-15 02:00:00"))
    second = bench.freeze({"telemetry/2015-11-14_2015-11-15.csv": late})
    counts = ingest(bench, second)["counts"]
    # Complete up to 06:00 of the 15th: the row of 06:00 the day before is just in time.
    assert (counts["rowsAccepted"], counts["rowsQuarantined"]) == (2, 1)
    assert bench.rows("quarantine", "rule", "line") == [("too_late", 2)]
    before = bench.content()
    assert ingest(bench, second)["counts"] == counts
    assert bench.content() == before


def test_the_policy_names_sources_and_hours() -> None:
    assert parse_lateness(" telemetry=24, errors=0 ", SCENARIO.sources) == {**POLICY, "errors": timedelta(0)}
    assert parse_lateness("", SCENARIO.sources) == {}
    for wrong in ("telemetry", "telemetry=-1", "telemetry=1.5", "nothing=3", "machines=3"):
        with pytest.raises(ParameterError, match="allowed_lateness"):
            parse_lateness(wrong, SCENARIO.sources)
