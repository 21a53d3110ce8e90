"""A workspace of measuring: one schema, one volume, batches made from files that lie on this machine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from workbench.definitions import shipped_parameters
from workbench.session import LocalSession
from workbench.shells import StepFailedError, StepRun, run_shell

CATALOG = "spark_catalog"
SCENARIO = "predictive_maintenance"
"""What is measured, unless a step is told another."""


class Workspace:
    """Runs steps against the tables of one schema. A pipeline run has a number; its batch is frozen in the volume."""

    def __init__(self, session: LocalSession, schema: str) -> None:
        self.session = session
        self.schema = schema
        self.volume_root = session.root / "volumes" / schema
        self._runs = 0
        session.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def new_run(self, pipeline: str, drops: Path | None = None, files: Iterable[str] = ()) -> str:
        """Freezes `files` (drop paths below `drops`) as the batch of a new run and returns the run's id."""
        self._runs += 1
        run_id = f"{pipeline}-20160101t000000-{self._runs:08x}"
        batch = self.volume_root / "batches" / run_id
        entries = [self._freeze(batch, run_id, drops, path) for path in files] if drops else []
        manifest = {
            "manifestVersion": 1,
            "runId": run_id,
            "pipeline": pipeline,
            "createdAt": "2016-01-01T00:00:00.000Z",
            "reason": "measurement",
            "window": None,
            "files": entries,
        }
        batch.mkdir(parents=True, exist_ok=True)
        (batch / "manifest.json").write_text(json.dumps(manifest))
        return run_id

    def _freeze(self, batch: Path, run_id: str, drops: Path, path: str) -> dict[str, object]:
        source, target = drops / path, batch / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
        facts = source.stat()
        digest = hashlib.sha256(f"{path}{facts.st_size}{facts.st_mtime_ns}".encode()).hexdigest()
        return {
            "path": path,
            "source": path.partition("/")[0],
            "frozenPath": f"batches/{run_id}/files/{path}",
            "etag": f"0x{digest[:15].upper()}",
            "size": facts.st_size,
            "lastModified": datetime.fromtimestamp(facts.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }

    def step(self, step: str, run_id: str, window: tuple[datetime, datetime] | None = None, **own: str) -> StepRun:
        """Runs one step of a run over `window` (half-open; none: by the data) with its shipped parameters, of which
        `own` replaces some.

        Raises:
            StepFailedError: the step reports anything but `ok`.
        """
        start, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in window) if window else ("", "")
        parameters = {
            "run_id": run_id,
            "manifest_path": f"batches/{run_id}/manifest.json",
            "window_start": start,
            "window_end": end,
            "catalog": CATALOG,
            "schema": self.schema,
            "volume_root": str(self.volume_root),
            "scenario": SCENARIO,
            **shipped_parameters(step),
            **own,
        }
        done = run_shell(self.session, step, parameters)
        if done.result["status"] != "ok":
            raise StepFailedError(f"{step} of {run_id} reports {done.result['status']}: {done.result['reason']}")
        return done
