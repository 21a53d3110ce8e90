"""The state folder of a local cluster: where each kind of file lives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateFolder:
    """Paths below the state folder `root`; `warehouse` may lie elsewhere.

    `unseen` says why this machine does not show programs `/Volumes` and the like; None when it does.
    """

    root: Path
    warehouse: Path
    unseen: str | None = None

    @classmethod
    def of(cls, root: Path, warehouse: Path | None = None) -> StateFolder:
        """The layout below `root`, with absolute paths; creates the folders."""
        root = root.resolve()
        folder = cls(root, (warehouse or root / "warehouse").resolve())
        for path in (
            folder.warehouse,
            folder.processes,
            folder.logs,
            folder.mlflow,
            folder.volumes,
            folder.dbfs,
            folder.workspace,
            folder.root_mount,
        ):
            path.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def tables(self) -> Path:
        """Directories of managed tables: `<table>` for the schema default, `<schema>.db/<table>` for others."""
        return self.warehouse / "tables"

    @property
    def metastore(self) -> Path:
        """The Derby database of the Hive metastore."""
        return self.warehouse / "metastore"

    @property
    def processes(self) -> Path:
        """One file for each process that the controller started."""
        return self.root / "processes"

    @property
    def logs(self) -> Path:
        """Logs of the driver JVM."""
        return self.root / "logs"

    @property
    def mlflow(self) -> Path:
        """The MLflow database, its artifacts, and its scratch space."""
        return self.root / "mlflow"

    @property
    def volumes(self) -> Path:
        """What `/Volumes` means to a notebook."""
        return self.root / "volumes"

    @property
    def dbfs(self) -> Path:
        """What `dbfs:/` means to a notebook."""
        return self.root / "dbfs"

    @property
    def workspace(self) -> Path:
        """Notebooks and files that were uploaded to the workspace."""
        return self.root / "workspace"

    @property
    def environments(self) -> Path:
        """Python libraries of single runs, for as long as these last."""
        return self.root / "environments"

    @property
    def root_mount(self) -> Path:
        """An empty folder that the root of the cluster's own file tree is put upon."""
        return self.root / ".root"
