"""Makes literal `/Volumes/…` and `/dbfs/…` paths of a notebook reach the folders that stand for them on this machine.

Notebooks that build paths from a `volume_root` parameter need none of this; it is for notebooks written for a workspace.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrameReader, DataFrameWriter, SparkSession

from cluster.files import local_path

# Functions of `os` by the number of paths they take first; `os.path`, `pathlib` and `shutil` are built on them.
_OS_CALLS = {
    **dict.fromkeys(("open", "stat", "lstat", "listdir", "scandir", "mkdir", "rmdir", "remove", "unlink", "access", "chmod", "utime"), 1),
    **dict.fromkeys(("rename", "replace"), 2),
}
_FORMATS = ("csv", "json", "parquet", "text", "orc")
_QUOTED = re.compile(r"(?P<quote>['\"`])(?P<path>(?:dbfs:)?/Volumes/[^'\"`]*)(?P=quote)")


def map_volumes(state: Path) -> None:
    """Maps such paths for Python's file calls and Spark's readers, writers and SQL in this process."""

    stat = os.stat

    def exists(path: str) -> bool:
        try:
            stat(path)
        except OSError:
            return False
        return True

    def mapped(path: Any) -> Any:
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        if not isinstance(text, str) or not text.startswith(("/Volumes/", "dbfs:/", "/dbfs/")):
            return path
        # A Mac has a /Volumes of its own.
        return path if exists("/".join(text.split("/")[:3])) else str(local_path(text, state))

    builtins.open = io.open = _mapping(builtins.open, 1, mapped)
    for name, count in _OS_CALLS.items():
        setattr(os, name, _mapping(getattr(os, name), count, mapped))
    _map_spark(lambda path: [mapped(one) for one in path] if isinstance(path, list) else mapped(path))


def _mapping(call: Callable[..., Any], count: int, mapped: Callable[[Any], Any]) -> Callable[..., Any]:
    """`call` with its first `count` arguments mapped."""

    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return call(*map(mapped, args[:count]), *args[count:], **kwargs)

    return wrapper


def _map_spark(mapped: Callable[[Any], Any]) -> None:
    def with_path(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def wrapper(self: Any, path: Any = None, *args: Any, **kwargs: Any) -> Any:
            return call(self, mapped(path), *args, **kwargs)

        return wrapper

    for name in _FORMATS:
        setattr(DataFrameReader, name, with_path(getattr(DataFrameReader, name)))
        setattr(DataFrameWriter, name, with_path(getattr(DataFrameWriter, name)))
    DataFrameReader.load = with_path(DataFrameReader.load)
    DataFrameWriter.save = with_path(DataFrameWriter.save)
    run_sql = SparkSession.sql

    @functools.wraps(run_sql)
    def sql(self: SparkSession, sqlQuery: str, *args: Any, **kwargs: Any) -> Any:
        return run_sql(
            self, _QUOTED.sub(lambda match: f"{match['quote']}{mapped(match['path'])}{match['quote']}", sqlQuery), *args, **kwargs
        )

    SparkSession.sql = sql
