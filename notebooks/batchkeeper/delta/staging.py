"""Rows kept as Parquet for the time of a run: what is costly to make is made once, not for each pass over the rows."""

from __future__ import annotations

import contextlib
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from pyspark.sql import DataFrame

from batchkeeper.contract.parameters import JobParameters


@contextlib.contextmanager
def scratch_folder(parameters: JobParameters) -> Iterator[Path]:
    """A folder beside the run's batch for copies of this attempt; goes with all that is in it."""
    folder = parameters.path(parameters.manifest_path).parent / "work" / uuid.uuid4().hex
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Another attempt may still work beside it.
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def staged(rows: DataFrame, folder: Path) -> DataFrame:
    """The rows, from a copy in `folder`, whose owner deletes it. Each call has a copy of its own."""
    copy = str(folder / f"rows-{uuid.uuid4().hex}")
    # Read once or twice and deleted: looking for repeated values costs more than it saves.
    options = {"parquet.enable.dictionary": "false"}
    # The second version of the format keeps whole numbers as differences, which leaves nothing to compress. Not for
    # texts: Spark's reader of that version gave other bytes for some.
    if "string" not in rows.schema.simpleString():
        options |= {"parquet.writer.version": "v2", "compression": "none"}
    rows.write.options(**options).parquet(copy)
    return rows.sparkSession.read.schema(rows.schema).parquet(without_patterns(Path(copy)))


def without_patterns(path: Path) -> str:
    """The path as Spark's readers take it for itself: they look for patterns in every path."""
    return re.sub(r"[\\\[\]{}*?]", r"\\\g<0>", str(path))
