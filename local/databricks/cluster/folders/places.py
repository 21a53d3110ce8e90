"""Where the paths of a workspace lie on this machine: DBFS, volumes, workspace files."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from cluster.folders.paths import StateFolder

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*):(?P<rest>.*)", re.DOTALL)


def shown_folders(state: StateFolder) -> dict[str, Path]:
    """What programs see under these names, as on the driver of a Databricks cluster."""
    return {"/Volumes": state.volumes, "/dbfs": state.dbfs, "/Workspace": state.workspace}


def spark_settings(state: StateFolder) -> dict[str, str]:
    """Makes DBFS the file system of Spark; what the cluster itself keeps has paths of its own (`file:`)."""
    return {
        "spark.hadoop.fs.defaultFS": "dbfs:///",
        "spark.hadoop.fs.dbfs.impl": "batchkeeper.Dbfs",
        "spark.hadoop.fs.AbstractFileSystem.dbfs.impl": "batchkeeper.DbfsFs",
        "spark.hadoop.batchkeeper.dbfs": str(state.dbfs),
        "spark.hadoop.batchkeeper.volumes": str(state.volumes),
        "spark.hadoop.batchkeeper.state": str(state.root),
        "spark.hadoop.batchkeeper.warehouse": str(state.warehouse),
        "spark.hadoop.batchkeeper.scratch": tempfile.gettempdir(),
        "spark.sql.warehouse.dir": f"file:{state.tables}",
        "spark.hadoop.hive.exec.scratchdir": f"file:{state.warehouse / 'tmp' / 'hive'}",
        **({"spark.hadoop.batchkeeper.unseen": ",".join(shown_folders(state))} if state.unseen else {}),
    }


def volume_mounts(parameters: Mapping[str, str], state: StateFolder) -> list[Path]:
    """The folder of this machine that the parameter `volume_root` names: in DBFS it lies at its own path, like a mount.

    One that the state folder lies in is none, since DBFS would then be the machine itself.
    """
    folder = Path(os.path.normpath(parameters.get("volume_root") or "."))
    if not folder.is_absolute() or Places(state).of_programs(str(folder)) or not folder.is_dir():
        return []
    return [] if state.root.is_relative_to(folder.resolve()) else [folder]


class Places:
    """Finds the files behind the paths that a notebook uses. `mounts` are folders that DBFS shows at their own path."""

    def __init__(self, state: StateFolder, mounts: Iterable[Path] = ()) -> None:
        self._state, self._mounts = state, tuple(mounts)

    def of_dbfs(self, path: str) -> tuple[Path, str]:
        """The file behind `dbfs:/x`, `/x`, `/Volumes/x`, or `file:/x`, and the path with its scheme, as Spark shows it.

        Raises:
            ValueError: another scheme, or the path leads out of DBFS or its volume, by `..` or by a link.
        """
        match = _SCHEME.fullmatch(path)
        scheme, rest = (match["scheme"], match["rest"]) if match else ("dbfs", path)
        if scheme not in ("dbfs", "file"):
            raise ValueError(f"{path}: only paths of dbfs:, file: and /Volumes are known here")
        relative = posixpath.normpath(rest.lstrip("/") or ".")
        plain = "/" if relative == "." else f"/{relative}"
        shown = f"{scheme}:{plain}"
        if scheme == "file":
            return Path(self.of_programs(plain) or plain), shown
        if relative == ".." or relative.startswith("../"):
            raise ValueError(f"{path} leads out of DBFS")
        root, below = self._root(plain)
        found = root / below
        if not found.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{path} leads out of {root.name}")
        return found, shown

    def of_programs(self, path: str) -> str | None:
        """The file behind `/Volumes/x`, `/dbfs/x` or `/Workspace/x`, as Python and shells open them; None for any other
        path.
        """
        plain = posixpath.normpath(path)
        # Two slashes at the beginning are one, but for this function.
        plain = plain[1:] if plain.startswith("//") else plain
        for name, folder in shown_folders(self._state).items():
            if plain == name or plain.startswith(f"{name}/"):
                return str(folder) + plain.removeprefix(name)
        return None

    def of_workspace(self, path: str) -> list[Path]:
        """Where the notebook with this absolute path may lie: uploaded, or on this machine, which is where a bundle's
        are.
        """
        below = posixpath.normpath(path).removeprefix("/Workspace").lstrip("/")
        return [self._state.workspace / below, Path(path)]

    def workspace_path(self, notebook: Path) -> str:
        """The path in the workspace of a notebook's file: as it was uploaded, else as a bundle on this machine names
        it.
        """
        found = notebook.resolve().with_suffix("")
        workspace = self._state.workspace
        return f"/{found.relative_to(workspace)}" if found.is_relative_to(workspace) else str(found)

    def is_root(self, found: Path) -> bool:
        """Whether the folder is one that other paths begin at."""
        return found in (self._state.dbfs, self._state.volumes, *self._mounts)

    def _root(self, plain: str) -> tuple[Path, str]:
        for mount in self._mounts:
            if Path(plain).is_relative_to(mount):
                return mount, str(Path(plain).relative_to(mount))
        if plain == "/Volumes" or plain.startswith("/Volumes/"):
            return self._state.volumes, plain.removeprefix("/Volumes").lstrip("/")
        return self._state.dbfs, plain.lstrip("/")
