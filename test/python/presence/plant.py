"""A fleet that shrinks and grows: its drops, and the runs that ingest them and build their features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pdm import FEATURE_NAMES, SCENARIO
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.features.step import run_features
from batchkeeper.ingestion.step import Ingestion

Drops = dict[str, str]
HEADERS = {
    "telemetry": "datetime,machineID,volt,rotate,pressure,vibration",
    "errors": "datetime,machineID,errorID",
    "maint": "datetime,machineID,comp",
    "failures": "datetime,machineID,failure",
}
FIRST = date(2015, 11, 2)


def day(number: int) -> date:
    """Day 1 is the first."""
    return FIRST + timedelta(days=number - 1)


def snapshot(number: int, *machines: int) -> Drops:
    """The fleet as of 06:00 of a day."""
    return {
        f"machines/{day(number)}.csv": "\n".join(
            ["machineID,model,age", *(f"{machine},model1,{machine}" for machine in machines)]
        )
    }


def delivery(number: int, *machines: int, hours: range = range(1, 25)) -> Drops:
    """The files of a day: readings of these machines at some of its hours, and no event."""
    start = datetime.combine(day(number - 1), datetime.min.time()) + timedelta(hours=6)
    rows = [
        f"{start + timedelta(hours=hour)},{machine},{160 + machine + hour / 8},450.25,100.5,40.125"
        for machine in machines
        for hour in hours
    ]
    found = {f"{source}/{day(number)}.csv": f"{header}\n" for source, header in HEADERS.items()}
    return found | {f"telemetry/{day(number)}.csv": "\n".join([HEADERS["telemetry"], *rows])}


@dataclass
class Plant:
    """Ingests batches and builds their features, as runs of the pipeline would."""

    tables: Tables
    volume: Path
    runs: int = 0

    def batch(self, *drops: Mapping[str, str], run_id: str = "") -> dict[str, Any]:
        """One run over these drops, each delivered half an hour after the end of the day in its name; returns the
        features' exit JSON.
        """
        self.runs += 1
        run = run_id or f"scoring-20151115t063000-{self.runs:08x}"
        folder = self.volume / "batches" / run
        files = []
        for number, (path, text) in enumerate(item for part in drops for item in part.items()):
            target = folder / "files" / f"{number:06}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            frozen = f"batches/{run}/files/{target.name}"
            modified = f"{path.partition('/')[2].partition('.')[0][-10:]}T06:30:00Z"
            files.append(
                {"path": path, "source": path.partition("/")[0], "frozenPath": frozen, "etag": f"0x{abs(hash(text)):X}"}
            )
            files[-1] |= {"size": len(text), "lastModified": modified}
        manifest = {
            "manifestVersion": 1,
            "runId": run,
            "pipeline": "scoring",
            "reason": "drops",
            "window": None,
            "files": files,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        job = JobParameters(
            run, f"batches/{run}/manifest.json", None, None, self.tables.catalog, self.tables.schema, str(self.volume)
        )
        Ingestion(self.tables, SCENARIO, job).run()
        exit_json: dict[str, Any] = json.loads(run_features(self.tables, SCENARIO, job).to_json())
        return exit_json

    def points(self, machine: int) -> list[str]:
        """The as-of points of a machine, as `day hour`."""
        rows = self.tables.read("features").where(f"machine_id = {machine}").select(sf.date_format("as_of", "MM-dd HH"))
        return sorted(row[0] for row in rows.collect())

    def features(self) -> list[tuple[Any, ...]]:
        """All rows, without run and time of writing."""
        rows = self.tables.read("features").select("machine_id", sf.unix_timestamp("as_of"), *FEATURE_NAMES)
        return sorted(tuple(row) for row in rows.collect())

    def stretches(self) -> list[tuple[Any, ...]]:
        """The table of stretches, without the run that found them."""
        text = "date_format({}, 'MM-dd HH')"
        columns = ["machine_id", text.format("since"), text.format("until"), "left_with"]
        return sorted(map(tuple, self.tables.read("presence").selectExpr(*columns).collect()), key=repr)


def halves(first: int, last: int) -> list[str]:
    """The points from 18:00 of the day before `first` to 06:00 of `last`."""
    return [
        f"{day(number + shift):%m-%d} {hour}"
        for number in range(first, last + 1)
        for shift, hour in ((-1, "18"), (0, "06"))
    ]
