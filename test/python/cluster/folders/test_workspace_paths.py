"""Notebooks know themselves and each other by their paths in the workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_process import EXIT, ClusterProcess, Write

from cluster.notebook.source import HEADER

OWN_PATH = "dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()"


@pytest.fixture
def upload(cluster: ClusterProcess) -> Callable[..., Path]:
    """Puts a notebook into the workspace as an upload does, and returns its file."""

    def put(path: str, *cells: str) -> Path:
        file = cluster.state / "workspace" / f"{path.lstrip('/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEADER + "\n" + "\n\n# COMMAND ----------\n\n".join(cells) + "\n")
        return file

    return put


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "/Shared/project/own_path"),
        ({"workspacePath": "/Users/me@example.com/own_path"}, "/Users/me@example.com/own_path"),
        ({"workspacePath": "/Workspace/Users/me/own_path.py"}, "/Users/me/own_path"),
    ],
)
def test_a_notebook_knows_its_path_in_the_workspace(
    cluster: ClusterProcess, upload: Callable[..., Path], given: dict[str, str], expected: str
) -> None:
    finished = cluster.run(upload("/Shared/project/own_path", f"found = {OWN_PATH}", EXIT), **given)

    assert json.loads(finished["result"]) == expected


def test_runs_notebooks_by_absolute_path(
    cluster: ClusterProcess, upload: Callable[..., Path], notebook: Write, tmp_path: Path
) -> None:
    upload("/Shared/library/setup", "first = 1", "# MAGIC %run ./nested")
    upload("/Shared/library/nested", "second = 2")
    notebook("third = 3", name="local.py")
    main = upload(
        "/Users/me/main",
        "# MAGIC %run /Shared/library/setup",
        "# MAGIC %run /Workspace/Shared/library/nested",
        f"# MAGIC %run {tmp_path}/local",
        "found = [first, second, third, dbutils.notebook.run('../../Shared/library/x', 5), "
        "dbutils.notebook.run('./y'), "
        "dbutils.notebook.run('/Shared/z')]",
        EXIT,
    )

    finished = cluster.run(main)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [1, 2, 3, "/Shared/library/x {} 5", "/Users/me/y {} 0", "/Shared/z {} 0"]


def test_says_which_absolute_path_is_missing(cluster: ClusterProcess, upload: Callable[..., Path]) -> None:
    finished = cluster.run(upload("/Users/me/missing", "# MAGIC %run /Shared/absent"))

    assert "%run: there is no notebook /Shared/absent" in finished["error"]


def test_official_templates_find_their_neighbours(cluster: ClusterProcess, upload: Callable[..., Path]) -> None:
    """As MLOps Stacks does: the own path, `%cd` with a variable, and a module beside it."""
    (cluster.state / "workspace" / "Shared" / "stack" / "features").mkdir(parents=True)
    (cluster.state / "workspace" / "Shared" / "stack" / "features" / "pickup.py").write_text("value = 7\n")
    main = upload(
        "/Shared/stack/notebooks/train",
        f"import os\nnotebook_path = '/Workspace/' + os.path.dirname({OWN_PATH})\n%cd $notebook_path\n%cd ../features\n"
        "import sys\nsys.path.append(os.getcwd())",
        "from pickup import value\nfound = [value, os.getcwd()]",
        EXIT,
    )

    finished = cluster.run(main)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [7, "/Workspace/Shared/stack/features"]


def test_task_values_come_back_as_they_were_set(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "values = ['plain', '\"quoted\"', '7', '', 7, 1.5, True, None, [1, 'a'], {'a': 'b'}]\nfound = []",
        "for number, value in enumerate(values):\n    dbutils.jobs.taskValues.set(f'v{number}', value)\n"
        "    found.append(dbutils.jobs.taskValues.get('this', f'v{number}') == value)",
        EXIT,
    )

    assert json.loads(cluster.run(path)["result"]) == [True] * 10
