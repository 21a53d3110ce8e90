"""What a step hands back: the exit JSON (docs/contracts.md, section 4) and the outcome file beside the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.errors import ResultError

SCHEMA_VERSION = 1
MAX_EXIT_BYTES = 32 * 1024
MAX_WARNINGS = 50
INGESTION_COUNTS = (
    "filesListed",
    "filesRead",
    "filesQuarantined",
    "rowsRead",
    "rowsAccepted",
    "rowsQuarantined",
    "rowsDuplicate",
)

Status = Literal["ok", "not_ready", "nothing_to_do"]


@dataclass(frozen=True)
class StepResult:
    """The totals of one step. Lists belong into the outcome file.

    Attributes:
        counts: whole numbers by name; all seven of `INGESTION_COUNTS` when one of them is given.
        tables: Delta version of each table that the step wrote or pinned.
        watermark: UTC; up to when the data are complete.
        model: name and version of the model that was used or made.
        warnings: at most 50 are written; the rest is counted.
    """

    step: str
    run_id: str
    status: Status = "ok"
    reason: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    watermark: datetime | None = None
    model: tuple[str, str] | None = None
    warnings: Sequence[str] = ()
    outcome_path: str | None = None
    metrics: Mapping[str, float | int | str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text for `dbutils.notebook.exit`.

        Raises:
            ResultError: the counts do not add up, `reason` is missing, or the text is over 32 KB.
        """
        self._check()
        text = json.dumps(self._document(), separators=(",", ":"), allow_nan=False)
        if len(text.encode()) > MAX_EXIT_BYTES:
            raise ResultError(
                f"{self.step}: exit JSON has {len(text.encode())} bytes, over {MAX_EXIT_BYTES}; move lists into "
                f"the outcome file"
            )
        return text

    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "schemaVersion": SCHEMA_VERSION,
            "step": self.step,
            "runId": self.run_id,
            "status": self.status,
            "reason": self.reason,
            "counts": dict(self.counts),
            "tables": {name: {"version": version} for name, version in self.tables.items()},
            "warnings": _shortened(self.warnings),
        }
        if self.watermark:
            document["watermark"] = iso(self.watermark)
        if self.model:
            document["model"] = {"name": self.model[0], "version": self.model[1]}
        if self.outcome_path:
            document["outcomePath"] = self.outcome_path
        if self.metrics:
            document["metrics"] = dict(self.metrics)
        return document

    def _check(self) -> None:
        if self.status != "ok" and not self.reason:
            raise ResultError(f"{self.step}: status {self.status} needs a reason")
        negative = [name for name, count in self.counts.items() if count < 0]
        if negative:
            raise ResultError(f"{self.step}: counts below zero: {', '.join(negative)}")
        given = [name for name in INGESTION_COUNTS if name in self.counts]
        if not given:
            return
        if len(given) < len(INGESTION_COUNTS):
            raise ResultError(
                f"{self.step}: counts lack {', '.join(name for name in INGESTION_COUNTS if name not in self.counts)}"
            )
        counts = self.counts
        _check_sum(self.step, counts, "filesListed", ("filesRead", "filesQuarantined"))
        _check_sum(self.step, counts, "rowsRead", ("rowsAccepted", "rowsQuarantined", "rowsDuplicate"))


def _check_sum(step: str, counts: Mapping[str, int], total: str, parts: Sequence[str]) -> None:
    if counts[total] != sum(counts[part] for part in parts):
        terms = " + ".join(f"{part} {counts[part]}" for part in parts)
        raise ResultError(f"{step}: {total} {counts[total]} is not {terms}")


def _shortened(warnings: Sequence[str]) -> list[str]:
    kept = [warning[:300] for warning in warnings[:MAX_WARNINGS]]
    if len(warnings) > MAX_WARNINGS:
        kept.append(f"{len(warnings) - MAX_WARNINGS} more in the outcome file")
    return kept


def outcome_path(parameters: JobParameters, step: str) -> str:
    """Where the lists of `step` go, relative to the volume root."""
    return f"{Path(parameters.manifest_path).parent.as_posix()}/outcome/{step}.json"


def write_outcome(parameters: JobParameters, step: str, payload: Mapping[str, Any]) -> str:
    """Writes the lists of `step` beside the manifest and returns the path for `StepResult.outcome_path`. Writes over an
    earlier attempt.
    """
    relative = outcome_path(parameters, step)
    write_text(parameters.path(relative), json.dumps(payload, indent=1, allow_nan=False, sort_keys=True) + "\n")
    return relative


def write_text(target: Path, text: str) -> None:
    """Writes a whole file or nothing, as far as the file system goes: volumes have no atomic rename over an existing
    file everywhere.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
