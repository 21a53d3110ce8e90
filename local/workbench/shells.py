"""Runs a notebook shell as it is, in this process, and takes its exit JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from pyspark.sql import SparkSession

from cluster.source import read_notebook
from cluster.widgets import Widgets
from workbench.paths import REPO_ROOT


class StepFailedError(RuntimeError):
    """Raised when a notebook ends without exit JSON, or with a status that was not expected."""


class _Exit(BaseException):
    """What `dbutils.notebook.exit` raises; no `except Exception` of a notebook stops it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(frozen=True)
class StepRun:
    """A finished step: its exit JSON and how long the notebook took, in seconds."""

    result: Mapping[str, Any]
    seconds: float


def _leave(text: str) -> None:
    raise _Exit(text)


def run_shell(spark: SparkSession, step: str, parameters: Mapping[str, str]) -> StepRun:
    """Runs `notebooks/<step>.py` with the given widgets.

    Raises:
        StepFailedError: the notebook ended without `dbutils.notebook.exit`.
    """
    path = REPO_ROOT / "notebooks" / f"{step}.py"
    dbutils = SimpleNamespace(widgets=Widgets(parameters), notebook=SimpleNamespace(exit=_leave))
    names: dict[str, Any] = {"__name__": "__main__", "spark": spark, "dbutils": dbutils}
    started = time.perf_counter()
    try:
        for cell in read_notebook(path):
            if cell.magic is None:
                exec(compile("\n" * (cell.line - 1) + cell.text, path, "exec"), names)
    except _Exit as left:
        return StepRun(json.loads(left.text), time.perf_counter() - started)
    raise StepFailedError(f"{path.name} ended without dbutils.notebook.exit")
