"""What a task and its cluster ask for reaches the notebook, or is told: `spark_conf`, `spark_env_vars`, `libraries`,
`%pip`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_process import ClusterProcess

Write = Callable[..., Path]
EXIT = "import json\ndbutils.notebook.exit(json.dumps(found))"


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


def warnings_of(cluster: ClusterProcess, run_id: str) -> list[str]:
    """What the controller told the server of the run, which the run's log has as well."""
    warned = [event["message"] for event in cluster.events if event["event"] == "warning" and event["runId"] == run_id]
    log = (cluster.output_of(run_id) / "stderr.log").read_text()
    assert all(message in log for message in warned)
    return warned


def test_tables_and_files_are_delta_unless_something_else_is_said(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "spark.sql('CREATE SCHEMA IF NOT EXISTS formats')\nspark.range(2).write.saveAsTable('formats.saved')",
        "# MAGIC %sql\n# MAGIC CREATE TABLE formats.declared (id INT);\n# MAGIC CREATE TABLE formats.selected "
        "AS SELECT 1 AS id",
        "spark.range(2).writeTo('formats.v2').create()\nspark.range(3).write.save('/formats')",
        "names = ('saved', 'declared', 'selected', 'v2')",
        "found = [spark.sql(f'DESCRIBE DETAIL formats.{name}').first().format for name in names]",
        "found += [spark.read.load('/formats').count(), spark.read.format('delta').load('/formats').count()]",
        "spark.sql('DROP SCHEMA formats CASCADE')\ndbutils.fs.rm('/formats', True)",
        EXIT,
    )

    finished = cluster.run(path)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["delta"] * 4 + [3, 3]


def test_spark_conf_holds_in_the_session_of_the_run(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "found = [spark.conf.get(name) for name in ('spark.sql.shuffle.partitions', 'spark.acme.mode')]",
        "spark.range(10).groupBy('id').count().write.mode('overwrite').saveAsTable('conf_trial')\n"
        "spark.sql('DROP TABLE conf_trial')",
        EXIT,
    )
    settings = {
        "spark.sql.shuffle.partitions": "3",
        "spark.acme.mode": "fast",
        "spark.driver.memory": "64g",
        "spark.sql.warehouse.dir": "/elsewhere",
        "spark.master": "local[*, 4]",
        "spark.databricks.cluster.profile": "singleNode",
        "spark.scheduler.mode": "FAIR",
    }

    run_id = cluster.start(path, sparkConf=settings)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["3", "fast"]
    assert warnings_of(cluster, run_id) == [
        f"spark_conf: {name} is not set: it holds for a whole driver, which all runs share here"
        for name in ("spark.driver.memory", "spark.sql.warehouse.dir")
    ]
    other = cluster.run(
        notebook(
            "found = [spark.conf.get('spark.sql.shuffle.partitions'), spark.conf.get('spark.acme.mode', 'none')]", EXIT
        )
    )
    assert json.loads(other["result"]) == ["8", "none"]


def test_spark_env_vars_reach_the_notebook_its_shell_and_sparks_workers(
    cluster: ClusterProcess, notebook: Write
) -> None:
    path = notebook(
        "import os\nfrom pyspark.sql import functions as F\nread = F.udf(lambda: os.environ.get('MODE'))",
        "# MAGIC %sh\n# MAGIC echo mode $MODE",
        "found = [os.environ['MODE'], spark.range(1).select(read()).first()[0]]",
        EXIT,
    )
    variables = {"MODE": "fast", "PYSPARK_PYTHON": "/databricks/python3/bin/python3"}

    run_id = cluster.start(path, env=variables)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["fast", "fast"]
    assert "mode fast" in (cluster.output_of(run_id) / "stdout.log").read_text()
    assert warnings_of(cluster, run_id) == [
        "spark_env_vars: PYSPARK_PYTHON is not set: the local cluster needs its own"
    ]
    other = cluster.run(notebook("import os\nfound = 'MODE' in os.environ", EXIT))
    assert json.loads(other["result"]) is False


def test_libraries_of_a_task_are_its_runs_own(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    (cluster.state / "volumes" / "wheels").mkdir(exist_ok=True)
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
