"""DBFS lies in the state folder: for `dbutils.fs`, for Spark and SQL, and under `/dbfs` for Python and the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cluster_process import EXIT, ClusterProcess, Write

pytestmark = pytest.mark.usefixtures("harmless")


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
