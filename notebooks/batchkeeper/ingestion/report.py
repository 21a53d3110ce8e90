"""The result of an ingestion and its outcome file, from the log: a repetition reports what the first attempt found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.contract.results import StepResult, write_outcome
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.journal.coverage import complete_until, missing_spans, read_coverage
from batchkeeper.ingestion.journal.log import logged
from batchkeeper.scenario.declaration import Scenario

STEP = "ingestion"


def report(
    tables: Tables,
    scenario: Scenario,
    parameters: JobParameters,
    incomplete: list[dict[str, Any]],
    metrics: Mapping[str, float],
) -> StepResult:
    """Totals for the exit JSON, lists for the outcome file. `incomplete`: the entity-days that lack readings."""
    names = [source.name for source in scenario.sources]

    def read_log() -> tuple[list[dict[str, Any]], dict[str, list[tuple[datetime, datetime]]]]:
        return concurrently(partial(logged, tables, parameters.run_id), partial(read_coverage, tables))

    (files, coverage), versions = concurrently(read_log, partial(tables.versions, names))
    watermark = complete_until(coverage, scenario.sources)
    missing = missing_spans(scenario.sources, coverage)
    warnings = [*_warnings(files), *missing]
    if incomplete:
        warnings.append(f"{len(incomplete)} entity-days are incomplete or stale, see the outcome file")
    payload: dict[str, Any] = {
        "files": files,
        "missing": missing,
        "incomplete": incomplete,
        "watermark": iso(watermark) if watermark else None,
    }
    outcome = write_outcome(parameters, STEP, payload)
    read = [file for file in files if file["status"] == "read"]
    total = {
        name: sum(int(file[name]) for file in files)
        for name in ("rowsRead", "rowsAccepted", "rowsQuarantined", "rowsDuplicate")
    }
    return StepResult(
        step=STEP,
        run_id=parameters.run_id,
        status="ok" if files else "nothing_to_do",
        reason=None if files else "the manifest lists no files",
        counts={"filesListed": len(files), "filesRead": len(read), "filesQuarantined": len(files) - len(read), **total},
        tables=versions,
        watermark=watermark,
        warnings=warnings,
        outcome_path=outcome,
        metrics=dict(metrics),
    )


def _warnings(files: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for file in files:
        if file["status"] == "quarantined":
            found.append(f"{file['path']}: file in quarantine: {file['reason']}")
        elif file["findings"]:
            found.append(
                f"{file['path']}: " + ", ".join(f"{rule} {count}" for rule, count in sorted(file["findings"].items()))
            )
    return found
