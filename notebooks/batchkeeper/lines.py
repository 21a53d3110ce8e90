"""From files to typed rows that still know file, place and raw text: lines of text, parsed by name with the header of their file.

Spark's CSV reader maps columns by position and forgets lines. Reading text and parsing each line with `from_csv` costs about the
same (measured on 8.7 million rows: 7 to 8.5 s against 8 to 9.5 s) and keeps both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.frames import small_frame
from batchkeeper.probe import ProbedFile
from batchkeeper.rules import CompiledRules, RuleSet
from batchkeeper.sources import CoverageRule, Field, Source
from batchkeeper.tables import Tables

_BAD = "_bad"
_BYTE_ORDER_MARK = "\ufeff"
_TIMES = ("covers_from", "covers_to", "source_modified")
# Spark closes a quote that the line leaves open.
_OPEN_QUOTE = """contains(raw, '"') AND (length(raw) - length(replace(raw, '"', ''))) % 2 = 1"""
_SHORTEST_TIME = len("2015-11-15 06:00")


def ranked(files: Sequence[ProbedFile]) -> list[ProbedFile]:
    """The files in order of precedence: the later (last-modified, path, ETag) wins, so the place in this list decides."""
    return sorted(files, key=lambda probed: (probed.file.modified, probed.file.path, probed.file.etag))


def read_rows(
    source: Source, files: Sequence[ProbedFile], coverage: CoverageRule, rules: RuleSet, tables: Tables, known: AbstractSet[str]
) -> tuple[DataFrame, CompiledRules]:
    """All rows of `files`, typed, with `mask` (the rules each breaks, bits of the returned rules). Empty files have none.

    Columns: the source's fields; rank (place in `files`); block and place (in one file their order is that of the lines); raw; mask.
    `known` names the sources that hold anything to judge others by.

    Raises:
        ValueError: every file is empty.
    """
    compiled = _compile(source, rules)
    parts = [_typed(lines, source, probed) for probed, lines in _by_header(tables.spark, files, coverage)]
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    for referred in sorted({rule.refers_to for rule in rules.for_source(source.name) if rule.refers_to}):
        rows = _with_reference(rows, referred, tables, empty=referred not in known)
    fields = [field.name for field in source.fields]
    return rows.withColumn("mask", compiled.mask()).select(*fields, "rank", "block", "place", "raw", "mask"), compiled


def physical_lines(spark: SparkSession, files: Sequence[ProbedFile], coverage: CoverageRule) -> list[DataFrame]:
    """Per distinct header one frame of all lines, header and blank ones included: rank, block, place."""
    return [lines for _, lines in _by_header(spark, files, coverage)]


def _by_header(spark: SparkSession, files: Sequence[ProbedFile], coverage: CoverageRule) -> list[tuple[ProbedFile, DataFrame]]:
    layouts: dict[tuple[str, tuple[str | None, ...]], list[int]] = {}
    for rank, probed in enumerate(files):
        if probed.header is not None:
            layouts.setdefault((probed.delimiter, probed.columns), []).append(rank)
    if not layouts:
        raise ValueError("no file has a header")
    return [(files[ranks[0]], _lines(spark, files, ranks, coverage)) for ranks in layouts.values()]


def _lines(spark: SparkSession, files: Sequence[ProbedFile], ranks: Sequence[int], coverage: CoverageRule) -> DataFrame:
    text = spark.read.text([str(files[rank].location) for rank in ranks])
    lines = text.select(
        sf.col("value").alias("raw"),
        sf.col("_metadata.file_path").alias("uri"),
        sf.col("_metadata.file_block_start").alias("block"),
        sf.monotonically_increasing_id().alias("place"),
    )
    facts = {str(files[rank].location): _facts(files[rank], rank, coverage) for rank in ranks}
    columns = [("uri", "string"), ("rank", "int"), ("header", "string"), *((name, "double") for name in _TIMES)]
    rows = [(uri, *fact) for found in text.inputFiles() if (fact := facts.get(_local_path(found))) for uri in _spellings(found)]
    known = small_frame(spark, columns, rows)
    typed = known.withColumns({name: sf.col(name).cast("timestamp") for name in _TIMES})
    return lines.join(sf.broadcast(typed), "uri", "left").drop("uri")


def _facts(probed: ProbedFile, rank: int, coverage: CoverageRule) -> tuple[object, ...]:
    times = (*(coverage.covers(probed.file.path) or (None, None)), probed.file.modified)
    return (rank, probed.header, *(None if time is None else time.timestamp() for time in times))


def _local_path(uri: str) -> str:
    """The path in a file URI: `file:///a%20b` and `dbfs:/a%20b` become `/a b`."""
    return unquote(re.sub("^[a-z]+:/+", "/", uri))


def _spellings(uri: str) -> set[str]:
    """A file URI with one slash and with three: Spark lists files one way and names them in rows the other."""
    return {re.sub("^([a-z]+):/+", rf"\1:{slashes}", uri) for slashes in ("/", "///")}


def _typed(lines: DataFrame, source: Source, probed: ProbedFile) -> DataFrame:
    """Parses the lines under one header: `text_<field>` as delivered, `<field>` typed (null where that fails)."""
    names = [f"text_{column}" if column else f"ignored_{number}" for number, column in enumerate(probed.columns)]
    schema = ", ".join(f"`{name}` string" for name in (*names, _BAD))
    options = {"sep": probed.delimiter, "columnNameOfCorruptRecord": _BAD, "escape": '"', "mode": "PERMISSIVE"}
    # A line of a file that nobody listed has no header; it must reach the census, which refuses it.
    header = sf.coalesce("header", sf.lit(""))
    marked = sf.startswith("raw", sf.lit(_BYTE_ORDER_MARK)) & (sf.substr("raw", sf.lit(2)) == header)
    content = lines.where((sf.col("raw") != header) & ~marked & (sf.trim("raw") != ""))
    parsed = content.withColumn("parsed", sf.from_csv("raw", schema, options))
    texts = [f"trim(parsed.`text_{field.name}`) AS `text_{field.name}`" for field in source.fields]
    named = parsed.selectExpr("raw", "rank", *_TIMES, "block", "place", f"parsed.`{_BAD}` IS NOT NULL AS {_BAD}", *texts)
    return named.selectExpr("*", *(f"{_cast(field)} AS `{field.name}`" for field in source.fields))


def _cast(field: Field) -> str:
    text = f"`text_{field.name}`"
    if field.type == "string":
        return text
    typed = f"TRY_CAST({text} AS {field.type})"
    # The cast alone would take "2015" for a time.
    return f"IF(length({text}) >= {_SHORTEST_TIME}, {typed}, NULL)" if field.type == "timestamp" else typed


def _compile(source: Source, rules: RuleSet) -> CompiledRules:
    """Form rules first, so that the first broken rule is the most basic one."""
    found = [
        ("not_utf8", rules.form["not_utf8"], "NOT is_valid_utf8(raw)"),
        ("malformed", rules.form["malformed"], f"{_BAD} OR ({_OPEN_QUOTE})"),
    ]
    for field in source.fields:
        text, value = f"`text_{field.name}`", f"`{field.name}`"
        absent = f"({text} IS NULL OR {text} = '')"
        # The cheap test comes first: this runs on every row.
        missing = absent if field.type == "string" else f"{value} IS NULL AND {absent}"
        found.append((f"missing_value:{field.name}", rules.form["missing_value"], missing))
        if field.type != "string":
            found.append((f"wrong_type:{field.name}", rules.form["wrong_type"], f"{value} IS NULL AND NOT {absent}"))
        if field.type == "double":
            # NaN is larger than any number.
            found.append((f"not_finite:{field.name}", rules.form["not_finite"], f"abs({value}) >= DOUBLE('Infinity')"))
    for rule in rules.for_source(source.name):
        found.append((rule.name, rule.severity, rule.when or f"NOT known_{rule.refers_to}"))
    names, severities, conditions = zip(*found, strict=True)
    return CompiledRules(names, severities, conditions)


def _with_reference(rows: DataFrame, referred: str, tables: Tables, *, empty: bool) -> DataFrame:
    """Adds `known_<source>`: whether that source holds the row's key; true for all while it holds nothing to judge by."""
    name = f"known_{referred}"
    if empty:
        return rows.withColumn(name, sf.lit(True))
    keys = tables.read(referred)
    entity = keys.columns[0]
    known = keys.select(entity, sf.lit(True).alias("found")).distinct()
    return rows.join(sf.broadcast(known), entity, "left").withColumn(name, sf.col("found").isNotNull()).drop("found")
