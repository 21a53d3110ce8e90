"""Reads notebooks in Databricks source format: a Python file whose cells are parted by `# COMMAND ----------`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HEADER = "# Databricks notebook source"
_BREAK = re.compile(r"^# COMMAND -+\s*$")
_TITLE = re.compile(r"^# DBTITLE\b")
_MAGIC_LINE = re.compile(r"^# MAGIC ?")
_MAGIC_NAME = re.compile(r"^%(?P<name>[A-Za-z][\w-]*)(?P<rest>.*)$", re.DOTALL)


class NotebookSyntaxError(SyntaxError):
    """Raised when a file is not a notebook, or a cell breaks the source format; names file and line."""

    def __init__(self, message: str, path: Path, line: int) -> None:
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Cell:
    """One cell. `line` is the file's line (from 1) of the first line of `text`; `magic` is None for Python code."""

    path: Path
    line: int
    text: str
    magic: str | None = None


def read_notebook(path: Path) -> list[Cell]:
    """The cells of the notebook `path`, without empty ones.

    Raises:
        FileNotFoundError: there is no such file.
        NotebookSyntaxError: the first line is not the header of a notebook, or a magic cell also holds code.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    if not lines or lines[0].rstrip() != HEADER:
        raise NotebookSyntaxError(f"not a notebook: its first line must be {HEADER!r}", path, 1)
    cells, start = [], 1
    for number in [*(index for index, line in enumerate(lines) if index and _BREAK.match(line)), len(lines)]:
        cell = _cell(path, lines[start:number], start + 1)
        if cell:
            cells.append(cell)
        start = number + 1
    return cells


def _cell(path: Path, lines: list[str], line: int) -> Cell | None:
    """The cell made of `lines`, of which the first is line `line` of the file."""
    while lines and (not lines[0].strip() or _TITLE.match(lines[0])):
        lines, line = lines[1:], line + 1
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return None
    if not _MAGIC_LINE.match(lines[0]):
        return Cell(path, line, "\n".join(lines))
    for offset, text in enumerate(lines):
        if text.strip() and not text.startswith("#"):
            raise NotebookSyntaxError(
                "code in a cell that begins with '# MAGIC': put it into a cell of its own", path, line + offset
            )
    body = "\n".join(_MAGIC_LINE.sub("", text) for text in lines if _MAGIC_LINE.match(text) or not text.strip())
    match = _MAGIC_NAME.match(body)
    # A magic cell without a name holds plain text in the notebook's own language.
    return Cell(path, line, match["rest"].removeprefix(" "), match["name"]) if match else Cell(path, line, body)
