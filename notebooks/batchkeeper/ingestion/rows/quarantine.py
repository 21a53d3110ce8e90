"""Rejected rows and files: line number, rule and raw text, fetched for these alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.rows.delivery import Delivery
from batchkeeper.ingestion.rows.lines import physical_lines
from batchkeeper.ingestion.rows.rules import RuleSet
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.tables.ingestion import QUARANTINE

_MAX_RAW = 10_000


def numbered(rejected: DataFrame, lines: DataFrame) -> DataFrame:
    """Adds `line`, from 1, to rejected rows.

    Spark gives no line numbers. Inside one block of a file `place` counts up by line, so the line is the number of
    lines in the blocks before, plus the distance from the block's first line.
    """
    blocks = lines.groupBy("rank", "block").agg(sf.count("*").alias("lines"), sf.min("place").alias("first"))
    before = (
        "coalesce(sum(lines) OVER (PARTITION BY rank ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
        "PRECEDING), 0)"
    )
    offsets = blocks.select("rank", "block", "first", sf.expr(before).alias("before"))
    return rejected.join(sf.broadcast(offsets), ["rank", "block"]).withColumn(
        "line", sf.expr("before + place - first + 1")
    )


def rejected_rows(spark: SparkSession, run_id: str, delivery: Delivery, coverage: CoverageRule) -> DataFrame:
    """The rejected rows of a delivery as rows of QUARANTINE."""
    source, files, rules = delivery.source, delivery.files, delivery.rules
    place = ["rank", "block", "place"]
    lines = physical_lines(spark, files, coverage)
    rejected = delivery.rows.where(rules.rejects())
    wanted = sorted(int(row[0]) for row in rejected.select("rank").distinct().collect())
    if delivery.staged:
        rejected = rejected.join(lines, place)
    rejected = rejected.select(*place, "raw", "mask")
    columns = [("rank", "int"), ("source_path", "string"), ("source_etag", "string")]
    names = small_frame(spark, columns, [(rank, files[rank].file.path, files[rank].file.etag) for rank in wanted])
    with_line = numbered(rejected, lines).withColumn("rules", rules.rejecting(sf.col("mask")))
    fatal = sf.col("mask").bitwiseAND(sf.lit(rules.bits("fail")).cast("bigint")) != 0
    return with_line.join(sf.broadcast(names), "rank").select(
        sf.lit(run_id).alias("run_id"),
        sf.lit(source.name).alias("source"),
        "source_path",
        "source_etag",
        sf.col("line").cast("bigint").alias("line"),
        sf.element_at("rules", 1).alias("rule"),
        "rules",
        sf.when(fatal, "fail").otherwise("quarantine").alias("severity"),
        sf.substring(sf.make_valid_utf8("raw"), 1, _MAX_RAW).alias("raw"),
        sf.current_timestamp().alias("quarantined_at"),
    )


def quarantine_rows(tables: Tables, run_id: str, delivery: Delivery, coverage: CoverageRule) -> None:
    """Stores the rejected rows of a delivery, once per run."""
    tables.insert_only_merge(QUARANTINE, rejected_rows(tables.spark, run_id, delivery, coverage))


def quarantine_files(
    tables: Tables, run_id: str, broken: Sequence[tuple[ManifestFile, Mapping[str, str]]], rules: RuleSet
) -> None:
    """Stores whole files that cannot be read, as line 0. `broken` gives for each file the rejecting rules and what is
    wrong.
    """
    rows = []
    for file, found in broken:
        severity = "fail" if any(rules.files.get(rule) == "fail" for rule in found) else "quarantine"
        detail = "; ".join(found.values())[:_MAX_RAW]
        rows.append((run_id, file.source, file.path, file.etag, 0, next(iter(found)), list(found), severity, detail))
    if not rows:
        return
    columns = [(column.name, column.type) for column in QUARANTINE.columns if not column.volatile]
    frame = small_frame(tables.spark, columns, rows)
    tables.insert_only_merge(QUARANTINE, frame.withColumn("quarantined_at", sf.current_timestamp()))
