"""`dbutils` calls that reach beyond the notebook process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cluster_process import ClusterProcess, Write

from cluster.folders.paths import StateFolder
from cluster.folders.places import Places
from cluster.utilities.files import FileSystem
from cluster.utilities.widgets import Widgets


def test_asks_the_server_for_task_values_secrets_and_notebooks(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "dbutils.jobs.taskValues.set('count', {'n': 3})",
        "values = dbutils.jobs.taskValues\nfound = values.get('this', 'count'), values.get('this', 'none', "
        "default='absent')",
        "try:\n    values.get('other', 'count')\nexcept ValueError as error:\n    missing = str(error)",
        "secret = dbutils.secrets.get('scope', 'key')\nprint('the secret is', secret)",
        "answer = dbutils.notebook.run('./other', 60, {'a': 1})",
        "try:\n    dbutils.notebook.run('./bad')\nexcept Exception as error:\n    failure = "
        "f'{type(error).__name__}: {error}'",
        "import json\ndbutils.notebook.exit(json.dumps([found, missing, len(secret), answer, failure]))",
    )

    run_id = cluster.start(path)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [
        [{"n": 3}, "absent"],
        "task other left no value under count, and no default was given",
        len("secret-of-key"),
        f"{path.parent}/other {{'a': '1'}} 60",
        "WorkflowException: ./bad: Workload failed, see run output for details",
    ]
    assert (cluster.output_of(run_id) / "stdout.log").read_text() == "the secret is [REDACTED]\n"


def test_blanks_a_secret_out_of_an_error(cluster: ClusterProcess, notebook: Write) -> None:
    finished = cluster.run(notebook("raise ValueError('bad password ' + dbutils.secrets.get('scope', 'key'))"))

    assert finished["error"] == "ValueError: bad password [REDACTED]"
    assert "secret-of" not in json.dumps(finished)


def test_file_calls(tmp_path: Path) -> None:
    fs = FileSystem(Places(StateFolder.of(tmp_path)))

    fs.put("dbfs:/a/b.txt", "hello")
    fs.cp("/a", "/Volumes/c/s/v", recurse=True)
    fs.mv("/Volumes/c/s/v/b.txt", "/Volumes/c/s/v/c.txt")

    assert fs.head("/Volumes/c/s/v/c.txt", 4) == "hell"
    assert [(entry.path, entry.size, entry.isDir()) for entry in fs.ls("/Volumes/c/s")] == [
        ("dbfs:/Volumes/c/s/v/", 0, True)
    ]
    assert fs.ls("dbfs:/a")[0][:3] == ("dbfs:/a/b.txt", "b.txt", 5)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        fs.put("dbfs:/a/b.txt", "again")
    with pytest.raises(ValueError, match="recurse=True"):
        fs.rm("dbfs:/a")
    assert fs.rm("dbfs:/a", recurse=True)
    assert not fs.rm("dbfs:/a")
    with pytest.raises(ValueError, match="only paths of"):
        fs.ls("s3://bucket/x")


def test_widgets() -> None:
    widgets = Widgets({"a": "passed"})
    widgets.text("a", "1")
    widgets.multiselect("b", "x", ["x", "y"])
    with pytest.raises(ValueError, match="not among the choices"):
        widgets.dropdown("c", "z", ["x"])

    with widgets.overridden({"b": "y"}):
        assert widgets.getAll() == {"a": "passed", "b": "y"}

    widgets.removeAll()
    assert widgets.getAll() == {"a": "passed"}
