"""The magics of notebook cells: `%run`, `%sql`, `%sh`, `%fs`, `%pip`, and those that change nothing here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from cluster.folders.places import Places
from cluster.notebook.execution import Execution, Magic, PythonRestart
from cluster.notebook.libraries import RunLibraries
from cluster.notebook.programs import run_program
from cluster.notebook.source import Cell, NotebookSyntaxError
from cluster.utilities.widgets import Widgets

_SQL_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|;|[^'\"`;/-]+|.", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)|\{(\w+)\}")
_QUIET = ("md", "md-sandbox", "html")
_NOTICED = ("conda", "load_ext", "reload_ext", "autoreload", "matplotlib", "config", "skip")
_REFUSED = ("scala", "r", "R")


def register_magics(
    execution: Execution,
    spark: Any,
    dbutils: Any,
    widgets: Widgets,
    display: Any,
    places: Places,
    libraries: RunLibraries,
) -> None:
    """Makes the magics known to `execution`."""
    for name in _QUIET:
        execution.magics[name] = lambda cell: None
    for name in _NOTICED:
        execution.magics[name] = _notice
    for name in _REFUSED:
        execution.magics[name] = _refuse
    execution.magics["python"] = lambda cell: execution.run_code(
        Cell(cell.path, cell.line + cell.text.startswith("\n"), cell.text.removeprefix("\n"))
    )
    execution.magics["run"] = _run_magic(execution, widgets, places)
    execution.magics["sql"] = _sql_magic(execution, spark, widgets, display)
    execution.magics["sh"] = _shell
    execution.magics["cd"] = lambda cell: os.chdir(_expanded(cell.text.strip(), execution))
    execution.magics["pip"] = _pip_magic(execution, libraries)
    execution.magics["restart_python"] = _restart
    execution.magics["fs"] = _fs_magic(dbutils, display)


def split_statements(text: str) -> list[str]:
    """The SQL statements of `text`, parted at semicolons outside quotes and comments."""
    statements, current = [], ""
    for token in _SQL_TOKEN.findall(text):
        if token == ";":
            statements.append(current)
            current = ""
        elif not token.startswith(("--", "/*")):
            current += token
    return [statement.strip() for statement in [*statements, current] if statement.strip()]


def _notice(cell: Cell) -> None:
    first = (cell.text.strip().splitlines() or [""])[0]
    print(
        f"{cell.path.name}:{cell.line}: %{cell.magic} {first} ignored: the local environment is fixed", file=sys.stderr
    )


def _refuse(cell: Cell) -> None:
    raise NotebookSyntaxError(f"%{cell.magic} cells are not supported here", cell.path, cell.line)


def _restart(cell: Cell) -> None:
    raise PythonRestart


def _expanded(text: str, execution: Execution) -> str:
    """`text` with the values of `$name` and `{name}`, as IPython gives them to a magic."""
    known = execution.namespace
    return _VARIABLE.sub(lambda match: str(known.get(match[1] or match[2], match[0])), text)


def _pip_magic(execution: Execution, libraries: RunLibraries) -> Magic:
    def pip(cell: Cell) -> None:
        first, *more = cell.text.replace("\\\n", " ").strip().splitlines() or [""]
        libraries.pip(shlex.split(_expanded(first, execution), comments=True))
        for line in more:
            name, _, rest = line.strip().removeprefix("%").partition(" ")
            if line.strip().startswith("%"):
                execution.run_cell(Cell(cell.path, cell.line, rest, name))
            elif line.strip() and not line.strip().startswith("#"):
                raise NotebookSyntaxError("%pip: each further line of the cell must be a magic", cell.path, cell.line)

    return pip


def _run_magic(execution: Execution, widgets: Widgets, places: Places) -> Magic:
    def run(cell: Cell) -> None:
        words = shlex.split(cell.text)
        arguments = {}
        for word in words[1:]:
            name, equals, value = word.removeprefix("$").partition("=")
            if not word.startswith("$") or not equals:
                raise NotebookSyntaxError(f'%run: expected $name="value", not {word!r}', cell.path, cell.line)
            arguments[name] = value
        if not words:
            raise NotebookSyntaxError("%run needs the path of a notebook", cell.path, cell.line)
        with widgets.overridden(arguments):
            execution.run_file(_find(words[0], cell, places), cell)

    return run


def _find(name: str, cell: Cell, places: Places) -> Path:
    bases = places.of_workspace(name) if name.startswith("/") else [cell.path.parent / name]
    for path in (path for base in bases for path in (base, base.with_name(f"{base.name}.py"))):
        if path.is_file():
            return path
    raise NotebookSyntaxError(
        f"%run: there is no notebook {name if name.startswith('/') else bases[0]}", cell.path, cell.line
    )


def _sql_magic(execution: Execution, spark: Any, widgets: Widgets, display: Any) -> Magic:
    def sql(cell: Cell) -> None:
        frame = None
        for statement in split_statements(cell.text):
            arguments = {
                name: value
                for name, value in widgets.getAll().items()
                if re.search(rf"(?<!:):{re.escape(name)}\b", statement)
            }
            frame = spark.sql(statement, args=arguments) if arguments else spark.sql(statement)
        if frame is not None:
            execution.namespace["_sqldf"] = frame
            if frame.columns:
                display(frame)

    return sql


def _shell(cell: Cell) -> None:
    options, script = (["-e"], cell.text.strip()[2:]) if cell.text.strip().startswith("-e") else ([], cell.text)
    code = run_program(["bash", *options, "-c", script])
    # As on Databricks, only `%sh -e` makes a failing script fail the notebook.
    if code and options:
        raise subprocess.CalledProcessError(code, f"%sh -e ({cell.path.name}:{cell.line})")


def _fs_magic(dbutils: Any, display: Any) -> Magic:
    def fs(cell: Cell) -> None:
        command, *arguments = shlex.split(cell.text)
        if command.startswith("_") or not hasattr(dbutils.fs, command):
            raise NotebookSyntaxError(f"unknown command %fs {command}", cell.path, cell.line)
        display(getattr(dbutils.fs, command)(*arguments))

    return fs
