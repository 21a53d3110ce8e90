"""`dbutils.fs` keeps to DBFS and volumes: plain paths, links, roots, the machine's own disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.folders.paths import StateFolder
from cluster.folders.places import Places
from cluster.utilities.files import FileSystem

pytestmark = pytest.mark.usefixtures("harmless")


@pytest.fixture
def fs(tmp_path: Path) -> FileSystem:
    """`dbutils.fs` on a state folder of this test."""
    return FileSystem(Places(StateFolder.of(tmp_path / "state")))


def test_plain_paths_of_dbutils_mean_dbfs(fs: FileSystem, real: Path, tmp_path: Path) -> None:
    assert fs.rm(str(real), True) is False
    fs.put(f"{real}/new.txt", "new")
    fs.put("no/slash.txt", "x")

    assert [path.name for path in real.iterdir()] == ["kept.txt"]
    assert fs.head(f"dbfs:{real}/new.txt") == "new"
    assert (tmp_path / "state" / "dbfs" / str(real)[1:] / "new.txt").is_file()
    assert fs.ls("/no") == fs.ls("dbfs:/no")
    assert fs.ls("dbfs:///no")[0].path == "dbfs:/no/slash.txt"
    # As on Databricks: /dbfs is for programs, not for dbutils.
    with pytest.raises(FileNotFoundError, match="dbfs:/dbfs/no"):
        fs.ls("/dbfs/no")


@pytest.mark.parametrize(
    "path", ["/../{name}", "dbfs:/a/../../{name}", "/Volumes/../../{name}", "/link/{name}", "/Volumes/link/{name}"]
)
@pytest.mark.parametrize("call", ["rm", "put", "ls", "head", "mkdirs", "cp to", "cp from"])
def test_nothing_leads_out_of_dbfs_and_volumes(fs: FileSystem, tmp_path: Path, path: str, call: str) -> None:
    outside = tmp_path / "kept.txt"
    outside.write_text("kept")
    for root in ("dbfs", "volumes"):
        (tmp_path / "state" / root / "link").symlink_to(tmp_path)
    fs.put("/source.txt", "overwritten")
    target = path.format(name="kept.txt")
    calls: dict[str, Callable[[], object]] = {
        "rm": lambda: fs.rm(target, True),
        "put": lambda: fs.put(target, "overwritten", True),
        "ls": lambda: fs.ls(target),
        "head": lambda: fs.head(target),
        "mkdirs": lambda: fs.mkdirs(target + "/x"),
        "cp to": lambda: fs.cp("/source.txt", target),
        "cp from": lambda: fs.cp(target, "/copied.txt"),
    }

    with pytest.raises(ValueError, match="leads out of"):
        calls[call]()
    assert outside.read_text() == "kept"


def test_removes_a_link_and_not_what_it_leads_to(fs: FileSystem, tmp_path: Path) -> None:
    fs.put("/there/a.txt", "a")
    (tmp_path / "state" / "dbfs" / "link").symlink_to(tmp_path / "state" / "dbfs" / "there")

    assert fs.rm("/link", True)
    assert [entry.name for entry in fs.ls("/there")] == ["a.txt"]
    assert [entry.name for entry in fs.ls("/")] == ["there/"]


@pytest.mark.parametrize("path", ["/", "dbfs:/", "/Volumes", "/a/.."])
def test_never_removes_a_root(fs: FileSystem, path: str) -> None:
    fs.put("/a/b.txt", "x")
    with pytest.raises(ValueError, match="root"):
        fs.rm(path, True)
    assert fs.head("/a/b.txt") == "x"


def test_changes_the_machines_own_disk_only_in_its_temporary_folder(
    fs: FileSystem, real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.utilities.files.tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "link").symlink_to(real)

    fs.put(f"file:{tmp_path}/tmp/a.txt", "a")
    assert fs.cp(f"file:{real}/kept.txt", f"file:{tmp_path}/tmp/copy.txt")
    assert (tmp_path / "tmp" / "copy.txt").read_text() == "kept"
    assert fs.ls(f"file:{real}")[0].path == f"file:{real}/kept.txt"
    for refused in (
        f"{real}/kept.txt",
        f"{tmp_path}/tmp/link/kept.txt",
        f"{tmp_path}/tmp/../real/kept.txt",
        f"{tmp_path}/tmp",
        "/",
    ):
        with pytest.raises(PermissionError, match="this machine's own disk"):
            fs.rm(f"file:{refused}", True)
        with pytest.raises(PermissionError, match="this machine's own disk"):
            fs.cp(f"file:{tmp_path}/tmp/a.txt", f"file:{refused}")
    with pytest.raises(PermissionError, match="this machine's own disk"):
        fs.mv(f"file:{real}/kept.txt", "/moved.txt")
    assert (real / "kept.txt").read_text() == "kept"
