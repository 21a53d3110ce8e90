"""What a run set aside can be read, and delivered anew, from one file in the results container."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drop_bench import HEADER, MACHINES, Bench, reading, telemetry

from batchkeeper.ingestion.journal import quarantine_export

DAY = "telemetry/2015-11-15.csv"
BROKEN = "telemetry/2015-11-14.csv.gz"


def exported(bench: Bench, run_id: str) -> dict[str, Any] | None:
    file = bench.volume / "results" / run_id / "quarantine.json"
    return json.loads(file.read_text()) if file.exists() else None


def test_rows_and_files_are_exported_with_line_rule_text_and_header(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine_export, "MAX_ROWS_OF_FILE", 2)
    lines = [reading(), *(reading(f"2015-11-15 0{hour}:00:00", volt="a\u00e9") for hour in (2, 3, 4))]
    parameters = bench.freeze(
        {"machines/2015-11-15.csv": MACHINES, DAY: telemetry(*lines), BROKEN: b"no gzip"}, run_id="scoring-1"
    )
    result = bench.run(parameters)
    document = exported(bench, "scoring-1")
    assert document is not None
    files = {file["path"]: file for file in document["files"]}
    rows = files[DAY]
    assert (rows["header"], rows["total"], rows["whole"], rows["source"]) == (HEADER, 3, False, "telemetry")
    assert [(entry["line"], entry["rule"], entry["raw"], entry["cut"]) for entry in rows["entries"]] == [
        (3, "wrong_type:volt", lines[1], False),
        (4, "wrong_type:volt", lines[2], False),
    ]
    assert files[BROKEN]["whole"]
    assert files[BROKEN]["header"] is None
    assert files[BROKEN]["entries"][0]["rule"] == "not_gzip"
    # The rows are all counted, also those that the file does not show.
    assert sum(file["total"] for file in document["files"] if not file["whole"]) == result["counts"]["rowsQuarantined"]
    bench.run(parameters)
    assert exported(bench, "scoring-1") == document


def test_a_run_that_set_nothing_aside_writes_no_file(bench: Bench) -> None:
    bench.ingest({"machines/2015-11-15.csv": MACHINES}, run_id="scoring-2")
    assert exported(bench, "scoring-2") is None
