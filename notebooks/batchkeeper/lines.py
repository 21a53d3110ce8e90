"""From files to typed rows that still know file, place and raw text: lines of text, parsed by name with the header of their file.

Spark's CSV reader maps columns by position and forgets lines. Reading text and parsing each line keeps both, and costs no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from batchkeeper.forms import is_ancient, typed
from batchkeeper.frames import with_facts
from batchkeeper.probe import ProbedFile
from batchkeeper.records import LINE_ENDS
from batchkeeper.rules import CompiledRules, RuleSet, Severity
from batchkeeper.sources import CoverageRule, Field, Source
from batchkeeper.staging import without_patterns
from batchkeeper.tables import Tables

_BAD = "_bad"
_BYTE_ORDER_MARK = "\ufeff"
_TIMES = ("covers_from", "covers_to", "source_modified")
# Spark closes a quote that the line leaves open.
_OPEN_QUOTE = """(length(raw) - length(replace(raw, '"', ''))) % 2 = 1"""
_DAY_MICROS = 86_400_000_000
_LAST_DAY = date(9999, 12, 31)


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
    columns = [("uri", "string"), ("rank", "int"), ("header", "string"), *((name, "timestamp") for name in _TIMES)]
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


def _typed(lines: DataFrame, source: Source, probed: ProbedFile) -> DataFrame:
    """Parses the lines under one header: `text_<field>` as delivered, `<field>` typed (null where that fails)."""
    names = [f"text_{column}" if column else f"ignored_{number}" for number, column in enumerate(probed.columns)]
    # A line of a file that nobody listed has no header; it must reach the census, which refuses it.
    header = sf.coalesce("header", sf.lit(""))
    marked = sf.startswith("raw", sf.lit(_BYTE_ORDER_MARK)) & (sf.substr("raw", sf.lit(2)) == header)
    content = lines.where((sf.col("raw") != header) & ~marked & (sf.trim("raw") != ""))
    parsed = (_quoted_cells if probed.quoted else _cells)(content, probed.delimiter, names)
    # A line end around a value is no more a part of it than a blank.
    bare = "trim(BOTH ' \\r\\n' FROM {})" if probed.joined else "trim({})"
    cells = {field.name: bare.format(f"cell_{names.index(f'text_{field.name}')}") for field in source.fields}
    texts = [f"nullif({cells[field.name]}, '') AS `text_{field.name}`" for field in source.fields]
    # What reads as a number or a time is plain ASCII, and need not be looked through for broken characters.
    wordy = None in probed.columns or any(field.type == "string" for field in source.fields)
    kept = ("raw", "quoted", f"{wordy} AS wordy", f"{probed.plain} AS plain", "rank", *_TIMES, "block", "place", _BAD)
    named = parsed.selectExpr(*kept, *texts)
    return named.selectExpr("*", *(f"{typed(field, plain=probed.plain)} AS `{field.name}`" for field in source.fields))


def _cells(content: DataFrame, delimiter: str, names: Sequence[str]) -> DataFrame:
    """Adds the cells. Without a quote in the file the delimiter alone parts them, in half the time of a CSV parser."""
    parted = content.withColumn("cells", sf.split("raw", re.escape(delimiter)))
    cells = (f"get(cells, {number}) AS cell_{number}" for number in range(len(names)))
    return parted.selectExpr("*", "FALSE AS quoted", f"size(cells) <> {len(names)} AS {_BAD}", *cells)


def _quoted_cells(content: DataFrame, delimiter: str, names: Sequence[str]) -> DataFrame:
    """Adds the cells of a file with quotes: only the lines that have any go through the parser."""
    schema = ", ".join(f"`{name}` string" for name in (*names, _BAD))
    options = {"sep": delimiter, "columnNameOfCorruptRecord": _BAD, "escape": '"', "mode": "PERMISSIVE"}
    marked = content.withColumn("quoted", sf.contains("raw", sf.lit('"')))
    parsed = marked.withColumn("parsed", sf.when(sf.col("quoted"), sf.from_csv("raw", schema, options)))
    parsed = parsed.withColumn("cells", sf.when(~sf.col("quoted"), sf.split("raw", re.escape(delimiter))))
    cells = (f"IF(quoted, parsed.`{name}`, get(cells, {number})) AS cell_{number}" for number, name in enumerate(names))
    return parsed.selectExpr("*", f"IF(quoted, parsed.`{_BAD}` IS NOT NULL, size(cells) <> {len(names)}) AS {_BAD}", *cells)


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
        f"IF(NOT plain AND (wordy OR {unread}) AND NOT is_valid_utf8(raw), {bit('not_utf8', rules.form['not_utf8'])}, 0L)",
        f"IF({_BAD} OR (quoted AND {_OPEN_QUOTE}), {bit('malformed', rules.form['malformed'])}, 0L)",
    ]
    for field in source.fields:
        text, value = f"`text_{field.name}`", f"`{field.name}`"
        missing = of_form("missing_value", field)
        if field.type == "string":
            terms.append(f"IF({text} IS NULL, {missing}, 0L)")
            continue
        wrong, strange = of_form("wrong_type", field), "0L"
        if field.type == "double":
            # NaN is larger than any number.
            strange = f"IF(abs({value}) >= DOUBLE('Infinity'), {of_form('not_finite', field)}, 0L)"
        elif field.type == "timestamp":
            distant = of_form("out_of_range", field)
            wrong = f"IF({is_ancient(field)}, {distant}, {wrong})"
            strange = f"IF(unix_micros({value}) NOT BETWEEN {_micros(rules.begins)} AND {_micros(_LAST_DAY)}, {distant}, 0L)"
        absent = f"IF({text} IS NULL, {missing}, {wrong})"
        terms.append(f"IF({value} IS NULL, {absent}, {strange})")
    for rule in rules.for_source(source.name):
        broken = bit(rule.name, rule.severity, rule.refers_to)
        if rule.when:
            terms.append(f"IF({rule.when}, {broken}, 0L)")
    names, severities, refers_to = zip(*found, strict=True)
    return CompiledRules(names, severities, refers_to, tuple(terms))


def _micros(day: date) -> str:
    return f"{(day - date(1970, 1, 1)).days * _DAY_MICROS}L"
