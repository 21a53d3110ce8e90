"""`dbutils.fs`, and what `/Volumes/…` and `dbfs:/…` mean on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

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


def local_path(path: str, state: Path) -> Path:
    """The path on this machine of a path as a notebook writes it.

    Raises:
        ValueError: the scheme is not one of `dbfs:` and `file:`, or the path leaves its root by `..`.
    """
    scheme, colon, rest = path.partition(":")
    if colon and scheme == "file":
        return Path("/" + rest.lstrip("/"))
    if colon and scheme != "dbfs":
        raise ValueError(f"{path}: only paths of dbfs:, file: and /Volumes are known here")
    plain = "/" + (rest if colon else path).lstrip("/")
    if plain == "/Volumes" or plain.startswith("/Volumes/"):
        return _below(state / "volumes", plain.removeprefix("/Volumes"), path)
    if colon:
        return _below(state / "dbfs", plain, path)
    if plain.startswith("/dbfs/"):
        return _below(state / "dbfs", plain.removeprefix("/dbfs"), path)
    # Volume roots of local jobs are folders of this machine, given in full.
    return Path(path)


def _below(root: Path, relative: str, path: str) -> Path:
    found = (root / relative.lstrip("/")).resolve()
    if not found.is_relative_to(root.resolve()):
        raise ValueError(f"{path}: leads out of its volume")
    return found


class FileSystem:
    """The calls of `dbutils.fs`."""

    def __init__(self, state: Path) -> None:
        self._local: Callable[[str], Path] = lambda path: local_path(path, state)

    def ls(self, path: str) -> list[FileInfo]:
        """The entries of a directory, or the file itself."""
        folder = self._local(path)
        if folder.is_file():
            return [_info(path, folder)]
        return [_info(f"{path.rstrip('/')}/{entry.name}", entry) for entry in sorted(folder.iterdir())]

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:
        """Copies a file, or with `recurse` a directory."""
        origin, goal = self._local(source), self._local(target)
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
        self.cp(source, target, recurse)
        return self.rm(source, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:
        """Removes a file, or with `recurse` a directory; False when there is none."""
        found = self._local(path)
        if found.is_dir():
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
        found = self._local(path)
        if found.exists() and not overwrite:
            raise FileExistsError(f"{path} exists: put with overwrite=True replaces it")
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(contents, encoding="utf-8")
        return True

    def head(self, path: str, maxBytes: int = HEAD_BYTES) -> str:
        """The first bytes of a file as text."""
        with self._local(path).open("rb") as file:
            return file.read(maxBytes).decode("utf-8", errors="ignore")

    def mkdirs(self, path: str) -> bool:
        """Creates a directory with its parents."""
        self._local(path).mkdir(parents=True, exist_ok=True)
        return True


def _info(shown: str, entry: Path) -> FileInfo:
    stat = entry.stat()
    folder = entry.is_dir()
    path = shown if shown.startswith(("dbfs:", "file:")) else f"dbfs:{shown}"
    return FileInfo(path + "/" * folder, entry.name + "/" * folder, 0 if folder else stat.st_size, int(stat.st_mtime * 1000))
