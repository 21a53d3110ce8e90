"""Libraries of a task, and what `%pip` installs, are its run's own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cluster_process import EXIT, ClusterProcess, Write, warnings_of


def wheel(folder: Path, version: str, name: str = "batchkeeper_trial", requires: str = "") -> Path:
    """A wheel of one module, whose `version` is in it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {requires}\n" if requires else ""
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


def test_libraries_of_a_task_are_its_runs_own(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    (cluster.state / "volumes" / "wheels").mkdir(parents=True, exist_ok=True)
    wheel(cluster.state / "volumes" / "wheels", "1.5")
    path = notebook(
        "import batchkeeper_trial, numpy\nfrom pyspark.sql import functions as F\n"
        "read = F.udf(lambda: __import__('batchkeeper_trial').version)",
        "found = [batchkeeper_trial.version, spark.range(1).select(read()).first()[0]]",
        EXIT,
    )
    libraries: list[dict[str, object]] = [
        {"whl": "/Volumes/wheels/batchkeeper_trial-1.5-py3-none-any.whl"},
        {"pypi": {"package": "numpy>1"}},
        {"maven": {"coordinates": "com.acme:thing:1.0"}},
    ]

    run_id = cluster.start(path, libraries=libraries)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["1.5", "1.5"]
    warning = (
        "libraries: maven {'coordinates': 'com.acme:thing:1.0'} is not installed: here only pypi, whl and "
        "requirements are"
    )
    assert warnings_of(cluster, run_id) == [warning]
    assert cluster.run(notebook("import batchkeeper_trial"))["error"].startswith("ModuleNotFoundError")
    assert not list((cluster.state / "environments").glob("*"))


def test_libraries_that_are_there_start_no_pip(cluster: ClusterProcess, notebook: Write) -> None:
    run_id = cluster.start(notebook("found = 1", EXIT), libraries=[{"pypi": {"package": "numpy>1"}}])

    assert cluster.finished(run_id)["result"] == "1"
    assert "Requirement already satisfied" not in (cluster.output_of(run_id) / "stdout.log").read_text()


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "0"}], ids=["plain", "colours forced"])
def test_a_library_that_cannot_be_installed_fails_the_task(
    cluster: ClusterProcess, notebook: Write, env: dict[str, str]
) -> None:
    finished = cluster.run(
        notebook("raise RuntimeError('no cell runs')"),
        libraries=[{"whl": "/Volumes/wheels/absent-1.0-py3-none-any.whl"}],
        env=env,
    )

    assert finished["outcome"] == "failed"
    assert finished["error"].startswith("LibraryInstallationError: pip install failed with exit code 1: ERROR: ")
    assert "absent-1.0" in finished["error"]


def test_a_build_that_fails_is_told_without_terminal_codes(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "backend.py").write_text("raise RuntimeError('\\x1b[1mno wheel\\x1b[0m')\n")

    run_id = cluster.start(notebook("%pip install --no-index ."), env={"FORCE_COLOR": "1"})

    assert cluster.finished(run_id)["error"].endswith("failed with exit code 1: error: subprocess-exited-with-error")
    output = (cluster.output_of(run_id) / "stdout.log").read_text()
    assert "RuntimeError: no wheel\n" in output
    assert "\x1b" not in output


def test_pip_installs_for_this_run_alone(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    wheel(tmp_path, "1.0")
    wheel(tmp_path, "2.0")
    path = notebook(
        "# MAGIC %pip install --no-index \\\n# MAGIC   ./batchkeeper_trial-1.0-py3-none-any.whl\n# MAGIC # "
        "fresh:\n# MAGIC %restart_python",
        "import batchkeeper_trial\nfound = [batchkeeper_trial.version]\ndbutils.jobs.taskValues.set('found', found)",
        "wheel = 'batchkeeper_trial-2.0-py3-none-any.whl'\n%pip install --no-index ./$wheel",
        "dbutils.library.restartPython()",
        "import batchkeeper_trial, subprocess, sys\nfrom pyspark.sql import functions as F\n"
        "read = F.udf(lambda: __import__('batchkeeper_trial').version)",
        "found = dbutils.jobs.taskValues.get('this', 'found') + [batchkeeper_trial.version, "
        "spark.range(1).select(read()).first()[0]]",
        EXIT,
    )

    run_id = cluster.start(path)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["1.0", "2.0", "2.0"]
    assert "Successfully installed batchkeeper_trial-2.0" in (
        cluster.output_of(run_id) / "stdout.log"
    ).read_text().replace("-trial", "_trial")
    assert cluster.run(notebook("import batchkeeper_trial"))["error"].startswith("ModuleNotFoundError")


@pytest.mark.parametrize(
    "cell",
    [
        "# MAGIC %sh -e pip install --no-index ./batchkeeper_trial-3.0-py3-none-any.whl",
        "!pip install --no-index ./batchkeeper_trial-3.0-py3-none-any.whl",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'pip', 'install', '--no-index', "
        "'./batchkeeper_trial-3.0-py3-none-any.whl'], check=True)",
    ],
)
def test_a_pip_of_the_shell_changes_no_shared_installation(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path, cell: str
) -> None:
    wheel(tmp_path, "3.0")

    finished = cluster.run(notebook(cell, "import batchkeeper_trial\nfound = batchkeeper_trial.version", EXIT))

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == "3.0"
    assert cluster.run(notebook("import batchkeeper_trial"))["error"].startswith("ModuleNotFoundError")


def test_pip_says_when_a_loaded_package_stays(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    wheel(tmp_path, "99.0", name="packaging")

    run_id = cluster.start(
        notebook("import packaging", "# MAGIC %pip install --no-index --no-deps ./packaging-99.0-py3-none-any.whl")
    )

    assert cluster.finished(run_id)["outcome"] == "success"
    warning = "%pip: packaging is loaded in another version already, and this notebook process goes on with that"
    assert warnings_of(cluster, run_id) == [warning]


@pytest.mark.parametrize(
    "cell", ["# MAGIC %pip install --no-index ./absent.whl", "%pip install --no-index batchkeeper-absent-package"]
)
def test_a_failed_pip_fails_the_notebook(cluster: ClusterProcess, notebook: Write, cell: str) -> None:
    finished = cluster.run(notebook(cell, "raise RuntimeError('no further cell runs')"))

    assert finished["outcome"] == "failed"
    assert finished["error"].startswith("LibraryInstallationError: pip install failed with exit code 1")
