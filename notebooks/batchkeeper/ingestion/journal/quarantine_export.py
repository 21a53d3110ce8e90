"""What a run set aside, as one small file in the results container, for whoever has no Spark at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.contract.results import write_text
from batchkeeper.delta.tables import Tables
from batchkeeper.tables.ingestion import QUARANTINE

MAX_ROWS_OF_FILE = 100
MAX_ROWS = 2000
_MAX_RAW = 2000


def export_path(run_id: str) -> str:
    """Where the export of a run goes, relative to the volume root."""
    return f"results/{run_id}/quarantine.json"


def export_quarantine(tables: Tables, parameters: JobParameters, headers: Mapping[str, str]) -> None:
    """Writes the quarantine of this run (docs/contracts.md, section 10), over an earlier attempt's.

    Of each file the first rows by line, so that one bad file hides no other; `total` counts all of them.

    Args:
        headers: path -> first line of the file, without which nobody could deliver the mended rows anew.
    """
    entries = tables.read(QUARANTINE.name).where(sf.col("run_id") == parameters.run_id)
    numbered = entries.selectExpr(
        "*",
        "count(*) OVER (PARTITION BY source_path) AS total",
        "row_number() OVER (PARTITION BY source_path ORDER BY line) AS place",
    )
    found = numbered.where(f"place <= {MAX_ROWS_OF_FILE}").orderBy("source_path", "line").limit(MAX_ROWS).collect()
    files: dict[str, dict[str, Any]] = {}
    for row in found:
        path = row["source_path"]
        file = files.setdefault(
            path,
            {
                "path": path,
                "etag": row["source_etag"],
                "source": row["source"],
                "header": headers.get(path),
                "total": row["total"],
                "whole": row["line"] == 0,
                "entries": [],
            },
        )
        entry = {name: row[name] for name in ("line", "rule", "rules", "severity")}
        file["entries"].append({**entry, "raw": row["raw"][:_MAX_RAW], "cut": len(row["raw"]) > _MAX_RAW})
    document = {"schemaVersion": 1, "runId": parameters.run_id, "files": list(files.values())}
    write_text(parameters.path(export_path(parameters.run_id)), json.dumps(document, ensure_ascii=False) + "\n")
