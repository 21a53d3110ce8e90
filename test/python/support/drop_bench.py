"""A place to put drops and ingest them: a volume in a temp folder, tables in the test's schema."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pdm import SCENARIO

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.delta.specs import TableSpec
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.step import STAGED_BYTES, Ingestion
from batchkeeper.scenario import Scenario
from batchkeeper.tables.ingestion import ingestion_tables

MACHINES = "machineID,model,age\r\n1,model1,5\r\n2,model3,18\r\n"
HEADER = "datetime,machineID,volt,rotate,pressure,vibration"
FIRST = datetime(2015, 11, 15, 7, tzinfo=UTC)


def reading(hour: str = "2015-11-15 01:00:00", machine: int = 1, volt: Any = 170.5) -> str:
    """One line of telemetry."""
    return f"{hour},{machine},{volt},450.25,100.5,40.125"


def telemetry(*lines: str) -> str:
    """A telemetry file of these lines."""
    return "\r\n".join([HEADER, *lines]) + "\r\n"


def frozen_path(run_id: str, path: str) -> str:
    """Where the bytes of a drop are frozen: a name that owes nothing to the drop's own."""
    suffix = ".csv.gz" if path.endswith(".gz") else ".csv"
    return f"batches/{run_id}/files/{hashlib.sha256(path.encode()).hexdigest()[:32]}{suffix}"


@dataclass
class Bench:
    """Ingests drops as runs of the pipeline would."""

    tables: Tables
    volume: Path
    runs: int = 0
    modified: datetime = FIRST
    results: list[dict[str, Any]] = field(default_factory=list)
    staged_bytes: int = STAGED_BYTES
    scenario: Scenario = SCENARIO

    def freeze(
        self,
        drops: dict[str, str | bytes],
        run_id: str | None = None,
        modified: dict[str, datetime] | None = None,
        in_place: bool = False,
    ) -> JobParameters:
        """Writes the frozen batch and its manifest. Each drop is delivered an hour after the one before, unless
        `modified` says when.

        With `in_place` the drops stay under their own names, as with `freeze: "reference"`.
        """
        self.runs += 1
        run = run_id or f"scoring-20151115t063000-{self.runs:08x}"
        folder = self.volume / "batches" / run
        files = []
        for path, content in drops.items():
            data = content if isinstance(content, bytes) else content.encode()
            frozen = f"drops/{path}" if in_place else frozen_path(run, path)
            target = self.volume / frozen
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self.modified += timedelta(hours=1)
            delivered = (modified or {}).get(path, self.modified)
            etag = f"0x{hashlib.sha256(path.encode() + data).hexdigest()[:8]}"
            entry = {"path": path, "source": path.split("/")[0], "frozenPath": frozen, "etag": etag}
            files.append({**entry, "size": len(data), "lastModified": iso(delivered)})
        manifest = {
            "manifestVersion": 1,
            "runId": run,
            "pipeline": "scoring",
            "reason": "drops",
            "window": None,
            "files": files,
        }
        (folder / "manifest.json").parent.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return JobParameters(
            run, f"batches/{run}/manifest.json", None, None, self.tables.catalog, self.tables.schema, str(self.volume)
        )

    def ingest(self, drops: dict[str, str | bytes], **options: Any) -> dict[str, Any]:
        """Freezes and ingests; returns the exit JSON."""
        return self.run(self.freeze(drops, **options))

    def run(self, parameters: JobParameters) -> dict[str, Any]:
        """Ingests a frozen batch."""
        result: dict[str, Any] = json.loads(
            Ingestion(self.tables, self.scenario, parameters, self.staged_bytes).run().to_json()
        )
        self.results.append(result)
        return result

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Rows of a table in order."""
        selected = self.tables.read(table).selectExpr(*columns)
        return sorted((tuple(row) for row in selected.collect()), key=repr)

    @property
    def _specs(self) -> tuple[TableSpec, ...]:
        return ingestion_tables(self.scenario)

    def versions(self) -> dict[str, int]:
        """The Delta version of every table."""
        return {spec.name: self.tables.version(spec.name) for spec in self._specs}

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All tables without their volatile columns."""
        return {
            spec.name: self.rows(
                spec.name, *(_plain(column.name, column.type) for column in spec.columns if not column.volatile)
            )
            for spec in self._specs
        }


def _plain(name: str, kind: str) -> str:
    return (
        f"to_json({name})" if kind.startswith("map") else f"string({name})" if kind in ("timestamp", "date") else name
    )
