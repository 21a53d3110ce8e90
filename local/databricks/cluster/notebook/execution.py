"""Executes the cells of a notebook in one namespace, with tracebacks that name the notebook's file and lines."""

from __future__ import annotations

import ast
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cluster.notebook.source import Cell, NotebookSyntaxError, read_notebook

TRACE_LIMIT = 64 * 1024
ERROR_LIMIT = 4 * 1024
_LINE_MAGIC = re.compile(r"^(?P<indent>\s*)(?P<text>[%!][A-Za-z].*)$")
_HOOK = "__line_magic__"

Magic = Callable[[Cell], None]


class NotebookExit(BaseException):
    """Raised by `dbutils.notebook.exit`; no `except Exception` of a notebook stops it."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """Raised by `dbutils.library.restartPython`: the next cell begins without what earlier cells defined."""


class Execution:
    """One notebook run: the namespace, and which notebooks are being executed (`%run` nests them).

    `packages` is where the run's own libraries are: a restart of Python drops their modules too.
    """

    def __init__(self, provided: Mapping[str, Any], packages: Path) -> None:
        self._provided, self._packages = dict(provided), packages
        self._module = types.ModuleType("__main__")
        self.magics: dict[str, Magic] = {}
        self.stack: list[Path] = []
        self.files: set[str] = set()
        self._fill()
        # Functions that a notebook defines reach Spark's workers by value only if they belong to `__main__`.
        sys.modules["__main__"] = self._module

    @property
    def namespace(self) -> dict[str, Any]:
        """The variables of the notebook."""
        return self._module.__dict__

    def run_file(self, path: Path, at: Cell | None = None) -> None:
        """Executes all cells of the notebook `path`; `at` is the `%run` cell that asks for it.

        Raises:
            NotebookSyntaxError: the notebook runs itself, or is none.
        """
        path = path.resolve()
        if at and path in self.stack:
            raise NotebookSyntaxError(f"%run of {path.name} would run it inside itself", at.path, at.line)
        self.stack.append(path)
        self.files.add(str(path))
        try:
            for cell in read_notebook(path):
                try:
                    self.run_cell(cell)
                except PythonRestart:
                    self._restart()
        finally:
            self.stack.pop()

    def run_cell(self, cell: Cell) -> None:
        """Executes one cell.

        Raises:
            NotebookSyntaxError: its magic is unknown.
        """
        if cell.magic is None:
            self.run_code(cell)
        elif cell.magic in self.magics:
            self.magics[cell.magic](cell)
        else:
            raise NotebookSyntaxError(
                f"unknown magic %{cell.magic}; known are {', '.join(sorted(self.magics))}", cell.path, cell.line
            )

    def run_code(self, cell: Cell) -> None:
        """Executes Python code; like a notebook, shows the value of a last line that is an expression."""
        tree = self._parse(cell)
        file = str(cell.path)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec"), self.namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), file, "eval"), self.namespace)
            if value is not None:
                print(repr(value))

    def _parse(self, cell: Cell) -> ast.Module:
        # Empty lines before the code give it the line numbers of the file.
        code = "\n" * (cell.line - 1) + cell.text
        try:
            return ast.parse(code, str(cell.path))
        except SyntaxError:
            lines = [
                _LINE_MAGIC.sub(lambda match: f"{match['indent']}{_HOOK}({match['text']!r})", line)
                for line in code.split("\n")
            ]
            if "\n".join(lines) == code:
                raise
            self.namespace[_HOOK] = lambda text: self._line_magic(cell, text)
            return ast.parse("\n".join(lines), str(cell.path))

    def _line_magic(self, cell: Cell, text: str) -> None:
        """Runs a magic that stands on a line of its own inside a code cell."""
        line = sys._getframe(2).f_lineno
        name, _, rest = ("sh", "", text[1:]) if text[0] == "!" else text[1:].partition(" ")
        self.run_cell(Cell(cell.path, line, rest, name))

    def _restart(self) -> None:
        folders = [folder + os.sep for folder in (*(str(path.parent) for path in self.stack), str(self._packages))]
        for name, module in list(sys.modules.items()):
            if any((getattr(module, "__file__", None) or "").startswith(folder) for folder in folders):
                del sys.modules[name]
        self.namespace.clear()
        self._fill()

    def _fill(self) -> None:
        self.namespace.update({"__name__": "__main__", "__builtins__": __builtins__, **self._provided})


def describe(error: BaseException) -> str:
    """The exception as `Type: message`, bounded."""
    try:
        # Errors of the JVM ask it for their text; it may be gone.
        message = str(getattr(error, "java_exception", None) or error)
    except Exception as silence:
        message = f"(no text: {type(silence).__name__} when the driver JVM was asked for it)"
    return shorten(f"{type(error).__name__}: {message}", ERROR_LIMIT)


def format_trace(error: BaseException, files: set[str]) -> str:
    """The traceback from the notebook's first frame on, bounded; frames of the runner are left out."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename not in files:
        trace = trace.tb_next
    return shorten("".join(traceback.format_exception(type(error), error, trace)), TRACE_LIMIT)


def shorten(text: str, limit: int) -> str:
    """`text`, or its first quarter and its end when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = limit // 4
    return f"{text[:head]}\n… {len(text) - limit} characters left out …\n{text[len(text) - limit + head :]}"
