"""Runs that stop in the middle, rules that stop a run, and manifests that are not what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from drop_bench import MACHINES, Bench, frozen_path, reading, telemetry
from pdm import RULES, SCENARIO

from batchkeeper.delta.tables import Tables
from batchkeeper.errors import ManifestError, RuleFailedError
from batchkeeper.ingestion.step import Ingestion

pytestmark = pytest.mark.slow

DAY = "telemetry/2015-11-15.csv"
FIRST = {
    "machines/2015-11-14.csv": MACHINES,
    "telemetry/2015-11-14.csv": telemetry(reading("2015-11-14 01:00:00", volt=101)),
}
SECOND = {
    DAY: telemetry(
        reading("2015-11-15 01:00:00"),
        reading("2015-11-14 01:00:00", volt=102),
        reading("2015-11-15 02:00:00", volt="x"),
    ),
    "errors/2015-11-15.csv": "datetime,machineID,errorID\n2015-11-15 01:00:00,1,error1\n",
}


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


def dying(method: Callable[..., Any], counter: dict[str, int]) -> Callable[..., Any]:
    """`method`, but the process ends right after its commit number `counter['last']`."""

    def run(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        counter["done"] += 1
        if counter["done"] == counter["last"]:
            raise Killed
        return result

    return run


def test_a_run_stopped_after_each_commit_and_repeated_gives_the_same_tables(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same two batches in one schema undisturbed, in another with a death after every single commit of the second
    batch.

    One of the two stages its rows, the other parses them for each pass.
    """
    undisturbed = Bench(
        Tables(bench.tables.spark, "spark_catalog", f"{bench.tables.schema}_u"), bench.volume / "u", staged_bytes=1
    )
    try:
        for drops, run in ((FIRST, "scoring-1"), (SECOND, "scoring-2")):
            undisturbed.ingest(drops, run_id=run)
        bench.ingest(FIRST, run_id="scoring-1")
        parameters = bench.freeze(SECOND, run_id="scoring-2")
        deaths, counter = 0, {"done": 0, "last": 1}
        for name in ("insert_only_merge", "update_changed", "upsert", "append"):
            monkeypatch.setattr(Tables, name, dying(getattr(Tables, name), counter))
        while True:
            counter.update(done=0, last=deaths + 1)
            try:
                result = bench.run(parameters)
                break
            except Killed:
                deaths += 1
        assert deaths >= 5
        assert bench.content() == undisturbed.content()
        assert result["counts"] == undisturbed.results[-1]["counts"]
    finally:
        bench.tables.spark.sql(f"DROP SCHEMA IF EXISTS {undisturbed.tables.schema} CASCADE")


def test_a_rule_of_severity_fail_stops_the_run_and_stores_nothing(bench: Bench, tmp_path: Path) -> None:
    rules = yaml.safe_load(RULES.read_text())
    next(rule for rule in rules["sources"]["telemetry"] if rule["name"] == "volt_range")["severity"] = "fail"
    strict = tmp_path / "rules.yml"
    strict.write_text(yaml.safe_dump(rules))
    scenario = replace(SCENARIO, rules=strict)
    parameters = bench.freeze({DAY: telemetry(reading(), reading("2015-11-15 02:00:00", volt=5000))})
    with pytest.raises(RuleFailedError, match=r"telemetry: .*volt_range \(1 rows\)"):
        Ingestion(bench.tables, scenario, parameters).run()
    assert bench.rows("telemetry", "ts") == []
    assert bench.rows("quarantine", "rule", "severity", "line") == [("volt_range", "fail", 3)]
    assert bench.rows("ingest_log", "source_path") == []


def test_manifests_that_lie(bench: Bench) -> None:
    parameters = bench.freeze({DAY: telemetry(reading())})
    frozen = bench.volume / frozen_path(parameters.run_id, DAY)
    frozen.write_text("cut")
    with pytest.raises(ManifestError, match=r"files\[0\].*has 3 bytes"):
        Ingestion(bench.tables, SCENARIO, parameters).run()
    frozen.unlink()
    with pytest.raises(ManifestError, match="is not on the volume"):
        Ingestion(bench.tables, SCENARIO, parameters).run()
    manifest = bench.volume / parameters.manifest_path
    manifest.write_text(manifest.read_text().replace('"runId": "', '"runId": "other-'))
    with pytest.raises(ManifestError, match="belongs to run other-"):
        Ingestion(bench.tables, SCENARIO, parameters).run()
