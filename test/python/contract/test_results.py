"""The exit JSON: its shape, and the sums and sizes that it must keep."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.contract.results import MAX_EXIT_BYTES, StepResult, write_outcome
from batchkeeper.errors import ResultError

COUNTS = {
    "filesListed": 5,
    "filesRead": 4,
    "filesQuarantined": 1,
    "rowsRead": 2412,
    "rowsAccepted": 2400,
    "rowsQuarantined": 10,
    "rowsDuplicate": 2,
}


def test_the_document_of_the_contract() -> None:
    result = StepResult(
        "ingestion",
        "run-1",
        counts=COUNTS,
        tables={"telemetry": 12},
        watermark=datetime(2015, 11, 15, 6, tzinfo=UTC),
        model=("a.b.c", "3"),
        warnings=["careful"],
        outcome_path="batches/run-1/outcome/ingestion.json",
        metrics={"durationSeconds": 4.2},
    )
    assert json.loads(result.to_json()) == {
        "schemaVersion": 1,
        "step": "ingestion",
        "runId": "run-1",
        "status": "ok",
        "reason": None,
        "counts": COUNTS,
        "tables": {"telemetry": {"version": 12}},
        "watermark": "2015-11-15T06:00:00Z",
        "model": {"name": "a.b.c", "version": "3"},
        "warnings": ["careful"],
        "outcomePath": "batches/run-1/outcome/ingestion.json",
        "metrics": {"durationSeconds": 4.2},
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [({"filesRead": 5}, "filesListed 5"), ({"rowsDuplicate": 3}, "rowsRead 2412"), ({"rowsRead": -1}, "below zero")],
)
def test_counts_must_add_up(change: dict[str, int], words: str) -> None:
    with pytest.raises(ResultError, match=words):
        StepResult("ingestion", "run-1", counts={**COUNTS, **change}).to_json()


def test_ingestion_counts_come_all_or_not_at_all() -> None:
    with pytest.raises(ResultError, match="lack filesRead"):
        StepResult("ingestion", "run-1", counts={"filesListed": 0}).to_json()
    StepResult("features", "run-1", counts={"asOfPoints": 4}).to_json()


def test_not_ready_needs_a_reason() -> None:
    with pytest.raises(ResultError, match="reason"):
        StepResult("scoring", "run-1", status="not_ready").to_json()


def test_many_warnings_are_cut_and_long_texts_refused() -> None:
    text = StepResult("ingestion", "run-1", warnings=["w" * 500] * 80).to_json()
    assert len(text) < MAX_EXIT_BYTES
    assert json.loads(text)["warnings"][-1] == "30 more in the outcome file"
    with pytest.raises(ResultError, match="over 32768"):
        StepResult("ingestion", "run-1", metrics={f"m{number}": "x" * 100 for number in range(400)}).to_json()


def test_outcome_stands_beside_the_manifest(tmp_path: Path) -> None:
    parameters = JobParameters("run-1", "batches/run-1/manifest.json", None, None, "c", "s", str(tmp_path))
    assert write_outcome(parameters, "ingestion", {"files": [1]}) == "batches/run-1/outcome/ingestion.json"
    assert json.loads((tmp_path / "batches/run-1/outcome/ingestion.json").read_text()) == {"files": [1]}
