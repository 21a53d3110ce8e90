"""DBFS lies in the state folder: for `dbutils.fs`, for Spark and SQL, and under `/dbfs` for Python and the shell."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_process import ClusterProcess

from cluster.files import FileSystem
from cluster.jvm import REPO_ROOT
from cluster.paths import StateFolder
from cluster.places import Places

Write = Callable[..., Path]
# Where tests make folders of the machine outside of its temporary folder, in which a checkout may lie itself.
OUTSIDE = Path.home() if REPO_ROOT.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve()) else REPO_ROOT
ELSEWHERE = str(OUTSIDE / ".batchkeeper-test-")
EXIT = "import json\ndbutils.notebook.exit(json.dumps(found))"


@pytest.fixture(autouse=True)
def harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what is tested here would delete files of this machine: nothing outside the test's own folder can be
    removed.
    """

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def remove(path: Any, *args: Any, **kwargs: Any) -> Any:
            # Names without a folder come from a removal of a tree that was let through.
            if os.path.isabs(path) and not str(Path(path).resolve()).startswith((f"{tmp_path}/", ELSEWHERE)):
                raise AssertionError(f"{path} would have been removed")
            return call(path, *args, **kwargs)

        return remove

    monkeypatch.setattr(shutil, "rmtree", guarded(shutil.rmtree))
    for name in ("unlink", "remove", "rmdir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder of the machine that no notebook may touch."""
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    return folder


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
    monkeypatch.setattr("cluster.files.tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
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


def test_spark_sql_python_and_dbutils_see_one_dbfs(cluster: ClusterProcess, notebook: Write, real: Path) -> None:
    path = notebook(
        f"found = []\nspark.range(3).write.mode('overwrite').parquet('{real}')",
        f"found.append(spark.read.parquet('dbfs:{real}').count())",
        f"found.append(any(entry.name.endswith('.parquet') for entry in dbutils.fs.ls('{real}')))",
        f"import os\nfound.append(any(name.endswith('.parquet') for name in os.listdir('/dbfs{real}')))",
        "dbutils.fs.put('/in/a.csv', 'x\\n1\\n2\\n', True)\nfound.append(spark.read.option('header', "
        "True).csv('/in').count())",
        "spark.sql(\"CREATE TABLE IF NOT EXISTS placed (id BIGINT) USING delta LOCATION 'dbfs:/tables/placed'\")",
        "spark.sql('INSERT INTO placed SELECT id FROM range(4)')",
        "found.append(spark.sql('SELECT * FROM delta.`/tables/placed`').count())",
        "from delta.tables import DeltaTable\nDeltaTable.forPath(spark, 'dbfs:/tables/placed').delete('id = 0')",
        "found.append(spark.table('placed').count())",
        "found.append(spark.sql('DESCRIBE DETAIL placed').first().location)\nspark.sql('DROP TABLE placed')",
        "dbutils.fs.rm('/tables', True)\ndbutils.fs.rm('/in', True)",
        EXIT,
    )

    finished = cluster.run(path)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [3, True, True, 2, 4, 3, "dbfs:/tables/placed"]
    assert [path.name for path in real.iterdir()] == ["kept.txt"]


def test_spark_does_not_leave_dbfs(cluster: ClusterProcess, notebook: Write, real: Path) -> None:
    (cluster.state / "dbfs" / "out").symlink_to(real.parent)
    (cluster.state / "dbfs" / "dangling").symlink_to(real.parent / "absent")
    cell = """
found = []
for target in ('/out/real', 'dbfs:/out/real', '/../real', '/a/../../real', '/Volumes/../../x', '/dangling',
               '/dangling/x'):
    try:
        spark.range(1).write.mode('overwrite').parquet(target)
        found.append(f'{target} was written')
    except Exception as error:
        found.append('leads out of' in str(error))
"""

    finished = cluster.run(notebook(cell, EXIT))

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [True] * 7
    assert [path.name for path in real.iterdir()] == ["kept.txt"]
    assert not (real.parent / "absent").exists()


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder of the machine outside of its temporary folder."""
    with tempfile.TemporaryDirectory(prefix=Path(ELSEWHERE).name, dir=OUTSIDE) as name:
        (Path(name) / "kept").mkdir()
        (Path(name) / "kept" / "kept.txt").write_text("kept")
        yield Path(name)


def test_spark_changes_the_machines_own_disk_only_in_its_temporary_folder(
    cluster: ClusterProcess, notebook: Write, elsewhere: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(elsewhere)
    cell = f"""
found = [spark.read.text('file:{elsewhere}/kept/kept.txt').first()[0]]
spark.range(1).write.mode('overwrite').parquet('file:{tmp_path}/made')
for target in ('{elsewhere}/kept', '{elsewhere}/new', '{tmp_path}/link/kept', '{tmp_path}/../../../..{elsewhere}/kept'):
    for write in (
        lambda: spark.range(1).write.mode('overwrite').parquet(f'file:{{target}}'),
        lambda: spark.range(1).write.format('delta').mode('overwrite').save(f'file://{{target}}'),
    ):
        try:
            write()
            found.append(f'{{target}} was written')
        except Exception as error:
            found.append("on this machine's own disk" in str(error))
"""

    finished = cluster.run(notebook(cell, EXIT))

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["kept", *[True] * 8]
    assert [path.relative_to(elsewhere).as_posix() for path in sorted(elsewhere.rglob("*"))] == [
        "kept",
        "kept/kept.txt",
    ]
    assert list((tmp_path / "made").glob("*.parquet"))


def test_a_volume_root_of_this_machine_is_a_mount(cluster: ClusterProcess, notebook: Write, elsewhere: Path) -> None:
    """What settings name `volume_root` lies where they say, for Spark and `dbutils` too."""
    root = elsewhere / "blobs"
    (root / "batches").mkdir(parents=True)
    (root / "batches" / "a.csv").write_text("x\n1\n")
    path = notebook(
        "root = dbutils.widgets.get('volume_root')\nfound = [spark.read.option('header', "
        "True).csv(f'{root}/batches/a.csv').count()]",
        "spark.range(1).write.parquet(f'{root}/results')\nspark.range(1).write.parquet(f'file:{root}/more')\nfound.append(dbutils.fs.ls(f'{root}/batches')[0].name)",
        EXIT,
    )

    finished = cluster.run(path, {"volume_root": str(root)})

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [1, "a.csv"]
    assert list((root / "results").glob("*.parquet"))
    assert list((root / "more").glob("*.parquet"))


def test_a_volume_root_above_the_state_folder_is_no_mount(cluster: ClusterProcess, notebook: Write, real: Path) -> None:
    path = notebook(
        f"found = [dbutils.fs.rm('{real}', True)]\nspark.range(1).write.mode('overwrite').parquet('{real}')", EXIT
    )

    finished = cluster.run(path, {"volume_root": "/"})

    assert json.loads(finished["result"]) == [False]
    assert [path.name for path in real.iterdir()] == ["kept.txt"]
