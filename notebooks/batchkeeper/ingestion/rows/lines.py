"""From files to typed rows that still know file, place and raw text: lines of text, parsed by name with the header of
their file.

Spark's CSV reader maps columns by position and forgets lines. Reading text and parsing each line keeps both, and costs
no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.delta.frames import with_facts
from batchkeeper.delta.staging import without_patterns
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.files.records import LINE_ENDS
from batchkeeper.ingestion.rows.cells import TIMES, typed_cells
from batchkeeper.ingestion.rows.compiled import compile_rules
from batchkeeper.ingestion.rows.rules import CompiledRules, RuleSet
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.source import Source


def ranked(files: Sequence[ProbedFile]) -> list[ProbedFile]:
    """The files in order of precedence: the later (last-modified, path, ETag) wins, so the place here decides."""
    return sorted(files, key=lambda probed: (probed.file.modified, probed.file.path, probed.file.etag))


def read_rows(
    spark: SparkSession, source: Source, files: Sequence[ProbedFile], coverage: CoverageRule, rules: RuleSet
) -> tuple[DataFrame, CompiledRules]:
    """All rows of `files`, typed, with `mask` (the rules each breaks by itself, bits of the returned rules). Empty
    files have none.

    Columns: the source's fields; rank (place in `files`); block and place (in one file their order is that of the
    lines); raw; mask.

    Raises:
        ValueError: every file is empty.
    """
    compiled = compile_rules(source, rules)
    parts = [typed_cells(lines, source, probed) for probed, lines in _by_header(spark, files, coverage)]
    rows = reduce(DataFrame.unionByName, parts)
    fields = [field.name for field in source.fields]
    return rows.withColumn("mask", compiled.mask()).select(*fields, "rank", "block", "place", "raw", "mask"), compiled


def with_references(rows: DataFrame, rules: CompiledRules, tables: Tables, known: AbstractSet[str]) -> DataFrame:
    """Adds to `mask` the rules that other sources decide. `known` names those that hold anything to judge by."""
    for referred, bits in sorted(rules.references().items()):
        if referred not in known:
            continue
        keys = tables.read(referred)
        entity = keys.columns[0]
        there = keys.select(entity, sf.lit(True).alias("found")).distinct()
        columns = rows.columns
        judged = rows.join(sf.broadcast(there), entity, "left").withColumn(
            "mask", sf.expr(f"mask + IF(found IS NULL, {bits}L, 0L)")
        )
        rows = judged.select(*columns)
    return rows


def physical_lines(spark: SparkSession, files: Sequence[ProbedFile], coverage: CoverageRule) -> DataFrame:
    """All lines, header and blank ones included: rank, block and place as in `read_rows`, raw."""
    parts = [lines.select("rank", "block", "place", "raw") for _, lines in _by_header(spark, files, coverage)]
    return reduce(DataFrame.unionByName, parts)


def _by_header(
    spark: SparkSession, files: Sequence[ProbedFile], coverage: CoverageRule
) -> list[tuple[ProbedFile, DataFrame]]:
    layouts: dict[tuple[object, ...], list[int]] = {}
    for rank, probed in enumerate(files):
        if probed.header is not None:
            layout = (probed.delimiter, probed.columns, probed.plain, probed.quoted, probed.joined)
            layouts.setdefault(layout, []).append(rank)
    if not layouts:
        raise ValueError("no file has a header")
    return [(files[ranks[0]], _lines(spark, files, ranks, coverage)) for ranks in layouts.values()]


def _lines(spark: SparkSession, files: Sequence[ProbedFile], ranks: Sequence[int], coverage: CoverageRule) -> DataFrame:
    text = spark.read.text([without_patterns(files[rank].location) for rank in ranks])
    raw = sf.col("value")
    if files[ranks[0]].joined:
        for end, mark in LINE_ENDS.items():
            raw = sf.replace(raw, sf.lit(mark), sf.lit(end))
    lines = text.select(
        raw.alias("raw"),
        sf.col("_metadata.file_path").alias("uri"),
        sf.col("_metadata.file_block_start").alias("block"),
        sf.monotonically_increasing_id().alias("place"),
    )
    facts = {str(files[rank].location): _facts(files[rank], rank, coverage) for rank in ranks}
    columns = [("uri", "string"), ("rank", "int"), ("header", "string"), *((name, "timestamp") for name in TIMES)]
    listed = {_local_path(found): found for found in text.inputFiles()}
    if unlisted := [files[rank].file.path for rank in ranks if str(files[rank].location) not in listed]:
        raise ValueError(f"Spark lists nothing of {', '.join(unlisted)}")
    rows = [(uri, *facts[path]) for path, found in listed.items() if path in facts for uri in _spellings(found)]
    return with_facts(lines, columns, rows, "block").drop("uri")


def _facts(probed: ProbedFile, rank: int, coverage: CoverageRule) -> tuple[object, ...]:
    times = (*(coverage.covers(probed.file.path) or (None, None)), probed.file.modified)
    return (rank, probed.header, *(None if time is None else time.timestamp() for time in times))


def _local_path(uri: str) -> str:
    """The path in a file URI: `file:///a%20b` and `dbfs:/a%20b` become `/a b`."""
    return unquote(re.sub("^[a-z]+:/+", "/", uri))


def _spellings(uri: str) -> set[str]:
    """A file URI with one slash and with three: Spark lists files one way and names them in rows the other."""
    return {re.sub("^([a-z]+):/+", rf"\1:{slashes}", uri) for slashes in ("/", "///")}
