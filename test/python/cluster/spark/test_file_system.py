"""The cluster's own local file system: files are as Hadoop would make them, and no program is started for them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from py4j.protocol import Py4JError

from cluster.spark.driver_client import DriverClient
from cluster.spark.file_system import make
from cluster.spark.jvm import FILE_SYSTEM_JAR, start_jvm, stop_jvm


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DriverClient, Path]]:
    """A driver JVM that finds no program to start, and the folder of its tables."""
    folder = tmp_path_factory.mktemp("lonely")
    (folder / "no-programs").mkdir()
    gateway = start_jvm(warehouse=folder, memory="1g", environment={"PATH": str(folder / "no-programs")})
    client = DriverClient(gateway)
    try:
        client.open_session()
        yield client, folder / "tables"
    finally:
        client.close()
        stop_jvm(gateway)


def test_tables_are_made_and_changed_without_a_program(lonely: tuple[DriverClient, Path]) -> None:
    client, tables = lonely
    client.sql("CREATE TABLE rows (id INT) USING delta")
    client.sql("INSERT INTO rows VALUES (1), (2)")
    client.sql("DELETE FROM rows WHERE id = 1")
    assert [row.getInt(0) for row in client.sql("SELECT id FROM rows")] == [2]
    assert sorted(path.name for path in (tables / "rows" / "_delta_log").glob("*.json")) == [
        f"{number:020}.json" for number in range(3)
    ]


def test_files_and_folders_have_the_modes_that_hadoop_gives_them(lonely: tuple[DriverClient, Path]) -> None:
    client, tables = lonely
    client.sql("CREATE TABLE modes (id INT) USING parquet")
    client.sql("INSERT INTO modes VALUES (1)")
    assert (tables / "modes").stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in (tables / "modes").glob("*.parquet")} == {0o644}


def test_a_table_behind_a_symbolic_link(lonely: tuple[DriverClient, Path], tmp_path: Path) -> None:
    client, _ = lonely
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    client.sql(f"CREATE TABLE linked (id INT) USING delta LOCATION '{tmp_path / 'link'}'")
    client.sql("INSERT INTO linked VALUES (7)")
    assert [row.getInt(0) for row in client.sql("SELECT id FROM linked")] == [7]
    assert list((tmp_path / "there").glob("*.parquet"))


def test_hadoops_own_needs_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests above would see without the jar."""
    monkeypatch.setattr("cluster.spark.jvm.FILE_SYSTEM_JAR", tmp_path / "absent.jar")
    gateway = start_jvm(warehouse=tmp_path, memory="1g", environment={"PATH": str(tmp_path)})
    client = DriverClient(gateway)
    try:
        client.open_session()
        with pytest.raises(Py4JError, match="chmod"):
            client.sql("CREATE TABLE rows (id INT) USING delta")
    finally:
        client.close()
        stop_jvm(gateway)


def test_the_jar_in_use_is_what_the_sources_say(tmp_path: Path) -> None:
    make(tmp_path / "made.jar")
    assert _contents(tmp_path / "made.jar") == _contents(FILE_SYSTEM_JAR)


def _contents(jar: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(jar) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
