"""Set-up of a state folder before notebooks may use it: the metastore, the MLflow database, stray table directories.

Each is done in one process and once: several processes on a fresh MLflow database, or a fresh metastore, crash each other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster.driver_client import DriverClient
from cluster.paths import StateFolder

_METASTORE_READY = "metastore.ready"
_TRIAL_SCHEMA = "batchkeeper_setup"


def mlflow_environment(state: StateFolder) -> dict[str, str]:
    """The variables that lead MLflow to the database and the artifacts of this state folder."""
    uri = f"sqlite:///{state.mlflow / 'mlflow.db'}"
    return {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_REGISTRY_URI": uri,
        "MLFLOW_DFS_TMP": str(state.mlflow / "tmp"),
        # Without it, artifacts of new experiments go into the working directory of whichever process made them.
        "_MLFLOW_SERVER_ARTIFACT_ROOT": (state.mlflow / "artifacts").as_uri(),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def migrate_mlflow(state: StateFolder) -> None:
    """Creates the MLflow database, in a process of its own, unless it is there; it appears whole or not at all.

    Raises:
        RuntimeError: MLflow could not create it; carries MLflow's own words.
    """
    target = state.mlflow / "mlflow.db"
    if target.exists():
        return
    draft = state.mlflow / "mlflow.db.draft"
    draft.unlink(missing_ok=True)
    result = subprocess.run(
        [sys.executable, "-m", "cluster.mlflow_database", str(draft), (state.mlflow / "artifacts").as_uri()],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"MLflow could not create {target}: {result.stderr[-2000:]}")
    draft.replace(target)


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

    A crash between the first files of a table and its entry leaves one; every later attempt to create the table would fail.
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
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._") if folder.is_dir() else []
