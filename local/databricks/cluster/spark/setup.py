"""Set-up of a state folder before notebooks may use it: the metastore, the MLflow database, stray table directories.

Each is done in one process and once: several processes on a fresh MLflow database, or a fresh metastore, crash each
other.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from cluster.folders.paths import StateFolder
from cluster.spark.driver_client import DriverClient
from cluster.spark.jvm import REPO_ROOT

_METASTORE_READY = "metastore.ready"
_TRIAL_SCHEMA = "batchkeeper_setup"
_TEMPLATES = REPO_ROOT / ".cache" / "mlflow"
_PLACEHOLDER = "file:///artifacts-of-this-state"


def mlflow_environment(state: StateFolder) -> dict[str, str]:
    """The variables that lead MLflow to the database and the artifacts of this state folder."""
    uri = f"sqlite:///{state.mlflow / 'mlflow.db'}"
    return {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_REGISTRY_URI": uri,
        "MLFLOW_DFS_TMP": str(state.mlflow / "tmp"),
        # Without it, artifacts of new experiments go into the working directory of whichever process made them.
        "_MLFLOW_SERVER_ARTIFACT_ROOT": _artifacts(state),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def migrate_mlflow(state: StateFolder) -> None:
    """Creates the MLflow database unless it is there; it appears whole or not at all.

    MLflow takes seconds to create one, so a machine creates one for each release of MLflow and copies it.

    Raises:
        RuntimeError: MLflow could not create it; carries MLflow's own words.
    """
    target = state.mlflow / "mlflow.db"
    if target.exists():
        return
    template = _TEMPLATES / f"{version('mlflow-skinny')}.db"
    if not template.exists():
        _create_template(template)
    draft = state.mlflow / "mlflow.db.draft"
    shutil.copyfile(template, draft)
    connection = sqlite3.connect(draft)
    with connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)",
            (_PLACEHOLDER, _artifacts(state)),
        )
    # Readers and one writer at a time do not lock each other out: notebooks run side by side.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    draft.replace(target)


def _artifacts(state: StateFolder) -> str:
    return (state.mlflow / "artifacts").as_uri()


def _create_template(template: Path) -> None:
    """Creates an MLflow database in a process of its own."""
    template.parent.mkdir(parents=True, exist_ok=True)
    draft = template.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    result = subprocess.run(
        [sys.executable, "-m", "cluster.spark.mlflow_database", str(draft), _PLACEHOLDER],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"MLflow could not create {template}: {result.stderr[-2000:]}")
    draft.replace(template)


def discard_unfinished_metastore(state: StateFolder) -> None:
    """Removes a metastore whose creation was interrupted: Derby would refuse it for ever, and it knows no table yet."""
    if not (state.warehouse / _METASTORE_READY).exists():
        shutil.rmtree(state.metastore, ignore_errors=True)


def complete_metastore(state: StateFolder, client: DriverClient) -> None:
    """Makes the metastore create all its own tables, once, by creating and dropping a table."""
    ready = state.warehouse / _METASTORE_READY
    if ready.exists():
        return
    client.sql(f"DROP SCHEMA IF EXISTS {_TRIAL_SCHEMA} CASCADE")
    client.sql(f"CREATE SCHEMA {_TRIAL_SCHEMA}")
    client.sql(f"CREATE TABLE {_TRIAL_SCHEMA}.trial (value INT) USING delta")
    client.sql(f"DROP SCHEMA {_TRIAL_SCHEMA} CASCADE")
    ready.touch()


def remove_stray_directories(state: StateFolder, client: DriverClient) -> list[Path]:
    """Removes table directories that the metastore does not know, and returns them.

    A crash between the first files of a table and its entry leaves one; every later attempt to create the table would
    fail.
    """
    schemas = client.schemas()
    known = {f"{schema}.db" for schema in schemas if schema != "default"} | {"default.db"}
    candidates = [path for path in _folders(state.tables) if path.name.endswith(".db") and path.name not in known]
    for schema in schemas:
        folder = state.tables if schema == "default" else state.tables / f"{schema}.db"
        names = set(client.table_names(schema))
        candidates += [path for path in _folders(folder) if path.name not in names and not path.name.endswith(".db")]
    if not candidates:
        return []
    used = [client.table_folder(schema, table) for schema in schemas for table in client.table_names(schema)]
    stray = [path for path in candidates if not any(place and place.is_relative_to(path) for place in used)]
    for path in stray:
        shutil.rmtree(path)
    return stray


def _folders(folder: Path) -> list[Path]:
    """The directories in `folder`, but for hidden ones; none when it does not exist."""
    return (
        sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")
        if folder.is_dir()
        else []
    )
