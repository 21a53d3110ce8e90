"""From lines to typed cells: parsed by name with the header of their file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.rows.forms import typed
from batchkeeper.scenario.source import Source

BAD = "_bad"
"""Column: whether a line has another number of cells than its header."""
TIMES = ("covers_from", "covers_to", "source_modified")
"""Columns: what is known of a line's file."""
_BYTE_ORDER_MARK = "\ufeff"
# The parser leaves such bytes out, and makes another text of it.
_HOLDS_NUL = "contains(raw, chr(0))"


def typed_cells(lines: DataFrame, source: Source, probed: ProbedFile) -> DataFrame:
    """Parses the lines under one header: `text_<field>` as delivered, `<field>` typed (null where that fails)."""
    names = [f"text_{column}" if column else f"ignored_{number}" for number, column in enumerate(probed.columns)]
    # A line of a file that nobody listed has no header; it must reach the census, which refuses it.
    header = sf.coalesce("header", sf.lit(""))
    marked = sf.startswith("raw", sf.lit(_BYTE_ORDER_MARK)) & (sf.substr("raw", sf.lit(2)) == header)
    content = lines.where((sf.col("raw") != header) & ~marked & (sf.trim("raw") != ""))
    parsed = (_quoted_cells if probed.quoted else _cells)(content, probed.delimiter, names)
    # A line end around a value is no more a part of it than a blank.
    bare = "trim(BOTH ' \\r\\n' FROM {})" if probed.joined else "trim({})"
    places = {name: bare.format(f"cell_{number}") for number, name in enumerate(names)}
    cells = {field.name: places.get(f"text_{field.name}", "CAST(NULL AS STRING)") for field in source.fields}
    texts = [f"nullif({cells[field.name]}, '') AS `text_{field.name}`" for field in source.fields]
    # What reads as a number or a time is plain ASCII, and need not be looked through for broken characters.
    wordy = None in probed.columns or any(field.type == "string" for field in source.fields)
    kept = ("raw", "quoted", f"{wordy} AS wordy", f"{probed.plain} AS plain", "rank", *TIMES, "block", "place", BAD)
    named = parsed.selectExpr(*kept, *texts)
    return named.selectExpr("*", *(f"{typed(field, plain=probed.plain)} AS `{field.name}`" for field in source.fields))


def _cells(content: DataFrame, delimiter: str, names: Sequence[str]) -> DataFrame:
    """Adds the cells. Without a quote in the file the delimiter alone parts them, in half the time of a CSV parser."""
    parted = content.withColumn("cells", sf.split("raw", re.escape(delimiter)))
    cells = (f"get(cells, {number}) AS cell_{number}" for number in range(len(names)))
    return parted.selectExpr("*", "FALSE AS quoted", f"size(cells) <> {len(names)} AS {BAD}", *cells)


def _quoted_cells(content: DataFrame, delimiter: str, names: Sequence[str]) -> DataFrame:
    """Adds the cells of a file with quotes: only the lines that have any go through the parser."""
    schema = ", ".join(f"`{name}` string" for name in (*names, BAD))
    options = {"sep": delimiter, "columnNameOfCorruptRecord": BAD, "escape": '"', "mode": "PERMISSIVE"}
    marked = content.withColumn("quoted", sf.contains("raw", sf.lit('"')))
    parsed = marked.withColumn("parsed", sf.when(sf.col("quoted"), sf.from_csv("raw", schema, options)))
    parsed = parsed.withColumn("cells", sf.when(~sf.col("quoted"), sf.split("raw", re.escape(delimiter))))
    cells = (f"IF(quoted, parsed.`{name}`, get(cells, {number})) AS cell_{number}" for number, name in enumerate(names))
    return parsed.selectExpr(
        "*", f"IF(quoted, parsed.`{BAD}` IS NOT NULL OR {_HOLDS_NUL}, size(cells) <> {len(names)}) AS {BAD}", *cells
    )
