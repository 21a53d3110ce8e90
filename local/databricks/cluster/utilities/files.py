"""`dbutils.fs`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from cluster.folders.places import Places

HEAD_BYTES = 65_536


class FileInfo(NamedTuple):
    """An entry of `dbutils.fs.ls`; `size` in bytes, `modificationTime` in milliseconds since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int

    def isDir(self) -> bool:
        """Whether the entry is a directory."""
        return self.name.endswith("/")

    def isFile(self) -> bool:
        """Whether the entry is a file."""
        return not self.isDir()


class FileSystem:
    """The calls of `dbutils.fs`. Paths without a scheme are paths of DBFS.

    Of `file:`, which is this machine's own disk, all can be read, but only what lies in the temporary folder be
    changed: on Databricks it is the disk of a machine that is thrown away.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def ls(self, path: str) -> list[FileInfo]:
        """The entries of a directory, or the file itself."""
        found, shown = self._existing(path)
        if not found.is_dir():
            return [_info(shown, found)]
        return [_info(f"{shown.rstrip('/')}/{entry.name}", entry) for entry in sorted(found.iterdir())]

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:
        """Copies a file, or with `recurse` a directory."""
        origin, goal = self._existing(source)[0], self._changing(target)
        if origin.is_dir():
            if not recurse:
                raise ValueError(f"{source} is a directory: copy it with recurse=True")
            shutil.copytree(origin, goal, dirs_exist_ok=True)
        else:
            goal = goal / origin.name if goal.is_dir() else goal
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, goal)
        return True

    def mv(self, source: str, target: str, recurse: bool = False) -> bool:
        """Moves a file, or with `recurse` a directory."""
        self._changing(source)
        self.cp(source, target, recurse)
        return self.rm(source, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:
        """Removes a file, or with `recurse` a directory; False when there is none."""
        found = self._changing(path)
        if self._places.is_root(found):
            raise ValueError(f"{path} is a root and cannot be removed")
        if found.is_dir() and not found.is_symlink():
            if any(found.iterdir()) and not recurse:
                raise ValueError(f"{path} is a directory with entries: remove it with recurse=True")
            shutil.rmtree(found)
            return True
        if not found.exists():
            return False
        found.unlink()
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        """Writes text into a file."""
        found = self._changing(path)
        if found.exists() and not overwrite:
            raise FileExistsError(f"{path} exists: put with overwrite=True replaces it")
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(contents, encoding="utf-8")
        return True

    def head(self, path: str, maxBytes: int = HEAD_BYTES) -> str:
        """The first bytes of a file as text."""
        with self._existing(path)[0].open("rb") as file:
            return file.read(maxBytes).decode("utf-8", errors="ignore")

    def mkdirs(self, path: str) -> bool:
        """Creates a directory with its parents."""
        self._changing(path).mkdir(parents=True, exist_ok=True)
        return True

    def _existing(self, path: str) -> tuple[Path, str]:
        found, shown = self._places.of_dbfs(path)
        if not found.exists():
            raise FileNotFoundError(f"{shown} does not exist")
        return found, shown

    def _changing(self, path: str) -> Path:
        found, shown = self._places.of_dbfs(path)
        if shown.startswith("file:"):
            scratch = Path(tempfile.gettempdir()).resolve()
            if scratch not in found.resolve().parents:
                raise PermissionError(
                    f"{shown} is on this machine's own disk: dbutils.fs changes only what lies in {scratch}"
                )
        return found


def _info(shown: str, entry: Path) -> FileInfo:
    stat = entry.stat()
    folder = entry.is_dir()
    return FileInfo(
        shown + "/" * folder, entry.name + "/" * folder, 0 if folder else stat.st_size, int(stat.st_mtime * 1000)
    )
