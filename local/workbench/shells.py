"""Runs a notebook shell as it is, in this process, and takes its exit JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from cluster.notebook.source import read_notebook
from cluster.utilities.widgets import Widgets
from workbench.effort import Effort, measured
from workbench.paths import REPO_ROOT
from workbench.session import LocalSession


class StepFailedError(RuntimeError):
    """Raised when a notebook ends without exit JSON, or with a status that was not expected."""


class _Exit(BaseException):
    """What `dbutils.notebook.exit` raises; no `except Exception` of a notebook stops it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(frozen=True)
class StepRun:
    """A finished step: its exit JSON and what the notebook cost."""

    result: Mapping[str, Any]
    effort: Effort


def _leave(text: str) -> None:
    raise _Exit(text)


def run_shell(session: LocalSession, step: str, parameters: Mapping[str, str]) -> StepRun:
    """Runs `notebooks/<step>.py` with the given widgets.

    Raises:
        StepFailedError: the notebook ended without `dbutils.notebook.exit`.
    """
    with measured(session.jvm_pid) as effort:
        text = run_page(session, step, parameters)
        return StepRun(json.loads(text), effort())


def run_page(session: LocalSession, name: str, parameters: Mapping[str, str]) -> str:
    """Runs `notebooks/<name>.py` with the given widgets and returns what it exits with.

    Raises:
        StepFailedError: the notebook ended without `dbutils.notebook.exit`.
    """
    path = REPO_ROOT / "notebooks" / f"{name}.py"
    dbutils = SimpleNamespace(widgets=Widgets(parameters), notebook=SimpleNamespace(exit=_leave))
    names: dict[str, Any] = {
        "__name__": "__main__",
        "spark": session.spark,
        "dbutils": dbutils,
        "displayHTML": lambda _: None,
    }
    try:
        for cell in read_notebook(path):
            if cell.magic is None:
                exec(compile("\n" * (cell.line - 1) + cell.text, path, "exec"), names)
    except _Exit as left:
        return left.text
    raise StepFailedError(f"{path.name} ended without dbutils.notebook.exit")
