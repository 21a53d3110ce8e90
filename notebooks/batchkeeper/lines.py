"""From files to typed rows that still know file, place and raw text: lines of text, parsed by name with the header of their file.

Spark's CSV reader maps columns by position and forgets lines. Reading text and parsing each line keeps both, and costs no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.frames import with_facts
from batchkeeper.probe import ProbedFile
from batchkeeper.rules import CompiledRules, RuleSet, Severity
from batchkeeper.sources import CoverageRule, Field, Source
from batchkeeper.tables import Tables

_BAD = "_bad"
_BYTE_ORDER_MARK = "\ufeff"
_TIMES = ("covers_from", "covers_to", "source_modified")
# Spark closes a quote that the line leaves open.
_OPEN_QUOTE = """(length(raw) - length(replace(raw, '"', ''))) % 2 = 1"""
_SHORTEST_TIME = len("2015-11-15 06:00")


def ranked(files: Sequence[ProbedFile]) -> list[ProbedFile]:
    """The files in order of precedence: the later (last-modified, path, ETag) wins, so the place in this list decides."""
    return sorted(files, key=lambda probed: (probed.file.modified, probed.file.path, probed.file.etag))


def read_rows(
    spark: SparkSession, source: Source, files: Sequence[ProbedFile], coverage: CoverageRule, rules: RuleSet
) -> tuple[DataFrame, CompiledRules]:
    """All rows of `files`, typed, with `mask` (the rules each breaks by itself, bits of the returned rules). Empty files have none.

    Columns: the source's fields; rank (place in `files`); block and place (in one file their order is that of the lines); raw; mask.

    Raises:
        ValueError: every file is empty.
    """
    compiled = _compile(source, rules)
    parts = [_typed(lines, source, probed) for probed, lines in _by_header(spark, files, coverage)]
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
        judged = rows.join(sf.broadcast(there), entity, "left").withColumn("mask", sf.expr(f"mask + IF(found IS NULL, {bits}L, 0L)"))
        rows = judged.select(*columns)
    return rows


def physical_lines(spark: SparkSession, files: Sequence[ProbedFile], coverage: CoverageRule) -> DataFrame:
    """All lines, header and blank ones included: rank, block and place as in `read_rows`, raw."""
    parts = [lines.select("rank", "block", "place", "raw") for _, lines in _by_header(spark, files, coverage)]
    return reduce(DataFrame.unionByName, parts)


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
    columns = [("uri", "string"), ("rank", "int"), ("header", "string"), *((name, "timestamp") for name in _TIMES)]
    rows = [(uri, *fact) for found in text.inputFiles() if (fact := facts.get(_local_path(found))) for uri in _spellings(found)]
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


def _typed(lines: DataFrame, source: Source, probed: ProbedFile) -> DataFrame:
    """Parses the lines under one header: `text_<field>` as delivered, `<field>` typed (null where that fails)."""
    names = [f"text_{column}" if column else f"ignored_{number}" for number, column in enumerate(probed.columns)]
    schema = ", ".join(f"`{name}` string" for name in (*names, _BAD))
    options = {"sep": probed.delimiter, "columnNameOfCorruptRecord": _BAD, "escape": '"', "mode": "PERMISSIVE"}
    # A line of a file that nobody listed has no header; it must reach the census, which refuses it.
    header = sf.coalesce("header", sf.lit(""))
    marked = sf.startswith("raw", sf.lit(_BYTE_ORDER_MARK)) & (sf.substr("raw", sf.lit(2)) == header)
    content = lines.where((sf.col("raw") != header) & ~marked & (sf.trim("raw") != "")).withColumn(
        "quoted", sf.contains("raw", sf.lit('"'))
    )
    # Without a quote the delimiter alone parts the cells, in half the time of a CSV parser.
    parsed = content.withColumn("parsed", sf.when(sf.col("quoted"), sf.from_csv("raw", schema, options)))
    parsed = parsed.withColumn("cells", sf.when(~sf.col("quoted"), sf.split("raw", re.escape(probed.delimiter))))
    cells = {name: f"IF(quoted, parsed.`{name}`, get(cells, {number}))" for number, name in enumerate(names)}
    texts = [f"nullif(trim({cells[f'text_{field.name}']}), '') AS `text_{field.name}`" for field in source.fields]
    bad = f"IF(quoted, parsed.`{_BAD}` IS NOT NULL, size(cells) <> {len(names)}) AS {_BAD}"
    # What reads as a number or a time is plain ASCII, and need not be looked through for broken characters.
    wordy = None in probed.columns or any(field.type == "string" for field in source.fields)
    named = parsed.selectExpr("raw", "quoted", f"{wordy} AS wordy", "rank", *_TIMES, "block", "place", bad, *texts)
    return named.selectExpr("*", *(f"{_cast(field)} AS `{field.name}`" for field in source.fields))


def _cast(field: Field) -> str:
    text = f"`text_{field.name}`"
    if field.type == "string":
        return text
    typed = f"TRY_CAST({text} AS {field.type})"
    # The cast alone would take "2015" for a time.
    return f"IF(octet_length({text}) >= {_SHORTEST_TIME}, {typed}, NULL)" if field.type == "timestamp" else typed


def _compile(source: Source, rules: RuleSet) -> CompiledRules:
    """Form rules first, so that the first broken rule is the most basic one.

    Java never compiles a method of more than 8000 bytes, and all this becomes one: hence one term for the rules of a field.
    """
    found: list[tuple[str, Severity, str | None]] = []

    def bit(name: str, severity: Severity, refers_to: str | None = None) -> str:
        found.append((name, severity, refers_to))
        return f"{1 << len(found) - 1}L"

    def of_form(rule: str, field: Field) -> str:
        return bit(f"{rule}:{field.name}", rules.form[rule])

    unread = " OR ".join(f"`{field.name}` IS NULL" for field in source.fields)
    terms = [
        f"IF((wordy OR {unread}) AND NOT is_valid_utf8(raw), {bit('not_utf8', rules.form['not_utf8'])}, 0L)",
        f"IF({_BAD} OR (quoted AND {_OPEN_QUOTE}), {bit('malformed', rules.form['malformed'])}, 0L)",
    ]
    for field in source.fields:
        text, value = f"`text_{field.name}`", f"`{field.name}`"
        missing = of_form("missing_value", field)
        if field.type == "string":
            terms.append(f"IF({text} IS NULL, {missing}, 0L)")
            continue
        absent = f"IF({text} IS NULL, {missing}, {of_form('wrong_type', field)})"
        # NaN is larger than any number.
        strange = f"IF(abs({value}) >= DOUBLE('Infinity'), {of_form('not_finite', field)}, 0L)" if field.type == "double" else "0L"
        terms.append(f"IF({value} IS NULL, {absent}, {strange})")
    for rule in rules.for_source(source.name):
        broken = bit(rule.name, rule.severity, rule.refers_to)
        if rule.when:
            terms.append(f"IF({rule.when}, {broken}, 0L)")
    names, severities, refers_to = zip(*found, strict=True)
    return CompiledRules(names, severities, refers_to, tuple(terms))
