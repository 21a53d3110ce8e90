"""A row names its file by a number: every number is explained, also when the run ends between two commits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from drop_bench import FIRST, MACHINES, Bench, reading, telemetry

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.delta.staging import staged
from batchkeeper.ingestion.storing.lineage import file_id

PATH = "telemetry/2015-11-15.csv"


def test_the_number_depends_on_run_path_and_etag_alone() -> None:
    file = ManifestFile(PATH, "telemetry", Path("/somewhere"), "0x1", 10, FIRST)
    moved = ManifestFile(PATH, "telemetry", Path("/elsewhere"), "0x1", 11, FIRST)
    overwritten = ManifestFile(PATH, "telemetry", Path("/somewhere"), "0x2", 10, FIRST)
    assert file_id("run-1", file) == file_id("run-1", moved) >= 0
    assert len({file_id("run-1", file), file_id("run-1", overwritten), file_id("run-2", file)}) == 3


def test_every_row_leads_to_its_drop_and_run(bench: Bench) -> None:
    bench.ingest({"machines/2015-11-15.csv": MACHINES, PATH: telemetry(reading())}, run_id="scoring-1")
    later = "telemetry/2015-11-16.csv"
    bench.modified += timedelta(days=1)
    bench.ingest({later: telemetry(reading("2015-11-15 02:00:00"))}, run_id="scoring-2")
    files = bench.tables.read("ingest_files")
    found = bench.tables.read("telemetry").join(files, "file_id").select("run_id", "source_path").collect()
    assert sorted(tuple(row) for row in found) == [("scoring-1", PATH), ("scoring-2", later)]


def test_no_row_is_stored_whose_file_is_not_noted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the log cannot be written")

    parameters = bench.freeze({"machines/2015-11-15.csv": MACHINES, PATH: telemetry(reading())})
    with monkeypatch.context() as patched:
        patched.setattr("batchkeeper.ingestion.step.record_files", refuse)
        with pytest.raises(OSError, match="the log cannot be written"):
            bench.run(parameters)
    assert bench.rows("machines", "machine_id") == bench.rows("telemetry", "machine_id") == []
    assert bench.run(parameters)["counts"]["rowsAccepted"] == 3
    assert len(bench.rows("ingest_files", "file_id")) == 2


def test_a_row_of_an_unknown_file_gives_way_to_any_later_one(bench: Bench) -> None:
    bench.ingest({"machines/2015-11-15.csv": MACHINES, PATH: telemetry(reading())}, run_id="scoring-1")
    table = bench.tables.name("telemetry")
    bench.tables.spark.sql(f"UPDATE {table} SET file_id = 7, volt = 1.5")
    bench.ingest({PATH: telemetry(reading())}, run_id="scoring-2")
    assert [row["volt"] for row in bench.tables.read("telemetry").collect()] == [170.5]
    (lost,) = bench.tables.read("history").collect()
    assert "1.5" in lost["row_values"]
    assert lost["source_path"] is None


def test_a_copy_holds_what_was_copied(bench: Bench, tmp_path: Path) -> None:
    """Texts of the second Parquet version came back as other bytes; numbers, and what is absent, must not."""
    spark = bench.tables.spark
    texts = spark.createDataFrame(
        [(number, f"error{number % 5 + 1}") for number in range(20_000)], "n int, code string"
    )
    numbers = spark.range(20_000).selectExpr(
        "id", "IF(id % 3 = 0, NULL, id / 7) AS value", "timestamp_seconds(id * 3600) AS ts"
    )
    for rows in (texts, numbers):
        copy = staged(rows, tmp_path)
        assert copy.exceptAll(rows).isEmpty()
        assert rows.exceptAll(copy).isEmpty()
