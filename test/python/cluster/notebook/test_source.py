"""The notebook source format."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.notebook.magics import split_statements
from cluster.notebook.source import HEADER, Cell, NotebookSyntaxError, read_notebook


def write(folder: Path, text: str) -> Path:
    path = folder / "n.py"
    path.write_text(text)
    return path


def test_parts_cells_and_keeps_the_lines_of_the_file(tmp_path: Path) -> None:
    text = f"{HEADER}\n# MAGIC %md\n# MAGIC # Title\n\n# COMMAND ----------\n\n# DBTITLE 1,Code\nx = 1\n\n"
    text += "# COMMAND ----------\n# MAGIC %sql SELECT\n# MAGIC 1\n"
    path = write(tmp_path, text)

    cells = read_notebook(path)

    assert cells == [Cell(path, 2, "\n# Title", "md"), Cell(path, 8, "x = 1"), Cell(path, 11, "SELECT\n1", "sql")]


def test_reads_a_file_that_windows_wrote(tmp_path: Path) -> None:
    path = tmp_path / "n.py"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\nx = 1\r\n# COMMAND ----------\r\ny = 2\r\n".encode())

    assert [(cell.line, cell.text) for cell in read_notebook(path)] == [(2, "x = 1"), (4, "y = 2")]


def test_refuses_a_file_without_the_header(tmp_path: Path) -> None:
    path = write(tmp_path, "x = 1\n")

    with pytest.raises(NotebookSyntaxError, match=rf"{path}:1: not a notebook"):
        read_notebook(path)


def test_refuses_code_in_a_magic_cell(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\n# MAGIC %md text\nx = 1\n")

    with pytest.raises(NotebookSyntaxError, match=rf"{path}:3: code in a cell"):
        read_notebook(path)


def test_parts_sql_at_semicolons_outside_quotes_and_comments() -> None:
    text = "SELECT ';', `a;b` -- no; split\n; /* ; */ SELECT 6 / 2 - 1;\n;"

    assert split_statements(text) == ["SELECT ';', `a;b`", "SELECT 6 / 2 - 1"]
