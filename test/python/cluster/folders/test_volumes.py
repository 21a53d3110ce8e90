"""`/Volumes` lies in the state folder, whatever opens the file: nothing of it appears on the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_process import EXIT, NO_NAMESPACES, ClusterProcess, Write

# A catalog that no machine has by chance.
CATALOG = "batchkeeper_leak_test"
VOLUME = f"/Volumes/{CATALOG}/raw/landing"

SPARK = f"""
from delta.tables import DeltaTable
root = '{VOLUME}'
spark.range(3).write.format('delta').save(f'{{root}}/table')
spark.range(3, 5).write.format('delta').mode('append').option('path', f'{{root}}/table').save()
stream = spark.readStream.format('delta').load(f'{{root}}/table')
query = stream.writeStream.format('delta').option('checkpointLocation', f'{{root}}/checkpoint').outputMode('append')
query.trigger(availableNow=True).start(f'{{root}}/copy').awaitTermination()
DeltaTable.forPath(spark, f'{{root}}/copy').update('id = 4', {{'id': '40'}})
spark.sql(f"CREATE TABLE leak_external USING delta LOCATION '{{root}}/copy'")
found = [spark.table('leak_external').agg({{'id': 'sum'}}).first()[0]]
found.append(spark.sql(f'SELECT * FROM delta.`{{root}}/copy`').count())
spark.sql('DROP TABLE leak_external')
spark.range(2).write.option('path', f'dbfs:{{root}}/named').saveAsTable('leak_named')
spark.sql('DROP TABLE leak_named')
"""

PYTHON = f"""
import os, pathlib, shutil, sqlite3, subprocess, tempfile, zipfile
import pandas, pyarrow.parquet
root = pathlib.Path('{VOLUME}')
(root / 'python').mkdir(parents=True)
with open(root / 'python' / 'a.csv', 'w') as file:
    file.write('x\\n1\\n2\\n')
connection = sqlite3.connect(f'{{root}}/python/some.db')
connection.execute('CREATE TABLE t AS SELECT 7 AS x')
connection.commit()
frame = pandas.read_csv(f'{{root}}/python/a.csv', engine='pyarrow')
frame.to_parquet(f'{{root}}/python/a.parquet')
pyarrow.parquet.write_table(pyarrow.parquet.read_table(f'{{root}}/python/a.parquet'), f'{{root}}/python/b.parquet')
with zipfile.ZipFile(root / 'python' / 'a.zip', 'w') as archive:
    archive.write(root / 'python' / 'a.csv', 'a.csv')
shutil.copytree(root / 'python', root / 'copied')
os.symlink(root / 'python' / 'a.csv', root / 'python' / 'link')
with tempfile.NamedTemporaryFile(dir=root / 'python') as file:
    pass
subprocess.run(['cp', f'{{root}}/python/a.csv', f'{{root}}/python/c.csv'], check=True)
os.chdir(root / 'python')
pathlib.Path('relative.txt').write_text('x')
from pyspark.sql import functions as F
@F.udf('long')
def size(name):
    return os.path.getsize(name)
found = [sorted(entry.name for entry in dbutils.fs.ls(f'{{root}}/python'))]
found.append(spark.range(1).select(size(F.lit(f'{{root}}/python/a.csv'))).first()[0])
"""


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fails the test when the machine itself has such a volume afterwards."""
    yield
    leaked = [path for path in (Path(VOLUME).parents[1], Path(f"/dbfs/{CATALOG}")) if path.exists()]
    assert not leaked


@pytest.fixture
def volume(cluster: ClusterProcess) -> Path:
    """Where the volume really lies."""
    return cluster.state / "volumes" / CATALOG / "raw" / "landing"


def test_spark_keeps_volumes_in_the_state_folder(cluster: ClusterProcess, notebook: Write, volume: Path) -> None:
    finished = cluster.run(notebook(SPARK, EXIT))

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [46, 5]
    assert sorted(path.name for path in volume.iterdir() if path.name != "python") >= [
        "checkpoint",
        "copy",
        "named",
        "table",
    ]
    assert (volume / "checkpoint" / "metadata").is_file()


def test_python_keeps_volumes_in_the_state_folder(cluster: ClusterProcess, notebook: Write, volume: Path) -> None:
    finished = cluster.run(notebook(PYTHON, EXIT))

    assert finished.get("error") is None
    names = ["a.csv", "a.parquet", "a.zip", "b.parquet", "c.csv", "link", "relative.txt", "some.db"]
    assert json.loads(finished["result"]) == [names, 6]
    assert sorted(path.name for path in (volume / "python").iterdir()) == names


def test_the_shell_keeps_volumes_and_dbfs_in_the_state_folder(
    cluster: ClusterProcess, notebook: Write, volume: Path
) -> None:
    finished = cluster.run(
        notebook(
            f"# MAGIC %sh -e\n# MAGIC mkdir -p {VOLUME}/shell /dbfs/{CATALOG}\n# MAGIC echo 1 > {VOLUME}/shell/a.txt\n"
            f"# MAGIC cd {VOLUME}/shell && cp a.txt /dbfs/{CATALOG}/b.txt",
            f"found = [dbutils.fs.head('{VOLUME}/shell/a.txt'), spark.read.text('dbfs:/{CATALOG}/b.txt').first()[0]]",
            EXIT,
        )
    )

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["1\n", "1"]
    assert (volume / "shell" / "a.txt").is_file()
    assert (cluster.state / "dbfs" / CATALOG / "b.txt").is_file()


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[ClusterProcess]:
    """A cluster on a machine that cannot show its programs `/Volumes`."""
    process = ClusterProcess(tmp_path_factory.mktemp("blind") / "state", environment, wrapper=NO_NAMESPACES)
    yield process
    process.end()


def test_without_namespaces_spark_and_pythons_own_calls_find_volumes(blind: ClusterProcess, notebook: Write) -> None:
    python = f"""
import os, pathlib, shutil, pandas
root = pathlib.Path('{VOLUME}')
os.makedirs(os.fsencode(f'/tmp/..{VOLUME}/python'))
(root / 'python' / 'a.csv').write_text('x\\n1\\n2\\n')
pandas.read_csv(root / 'python' / 'a.csv').to_parquet(f'{{root}}/python/a.parquet')
shutil.copytree('{VOLUME}/python', '{VOLUME}/copied')
found.append(sorted(os.listdir(root / 'copied')))
"""

    finished = blind.run(notebook(SPARK, python, EXIT))

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == [46, 5, ["a.csv", "a.parquet"]]
    assert (blind.state / "volumes" / CATALOG / "raw" / "landing" / "copied" / "a.csv").is_file()
    assert "only Spark, dbutils and Python's own file calls reach /Volumes, /dbfs, /Workspace: unshare:" in blind.log()


@pytest.mark.parametrize(
    "cell",
    [
        f"# MAGIC %sh mkdir -p {VOLUME}",
        f"# MAGIC %sh\n# MAGIC cd /tmp\n# MAGIC echo 1 > '{VOLUME}/a.txt'",
        "# MAGIC %sh ls /dbfs",
        f"import subprocess\nsubprocess.run(['mkdir', '-p', '{VOLUME}'])",
        f"import os\nos.system('mkdir -p {VOLUME}')",
        f"import sqlite3\nsqlite3.connect('{VOLUME}/some.db')",
        f"import os\nos.symlink('/tmp', '{VOLUME}')",
        f"import os\nos.chdir('{VOLUME}')",
        f"import os\nos.chdir('/tmp/../{VOLUME}')",
        f"import os\nos.symlink(b'/tmp', b'{VOLUME}')",
    ],
)
def test_without_namespaces_all_else_is_refused(blind: ClusterProcess, notebook: Write, cell: str) -> None:
    finished = blind.run(notebook(cell))

    assert finished["outcome"] == "failed"
    assert finished["error"].startswith("PermissionError: ")
    assert (
        "here only Python's own file calls, Spark and dbutils reach it (unshare: Operation not permitted)"
        in finished["error"]
    )


def test_without_namespaces_spark_does_not_take_a_volume_for_a_folder_of_the_machine(
    blind: ClusterProcess, notebook: Write
) -> None:
    finished = blind.run(notebook(f"spark.range(1).write.parquet('file:{VOLUME}/a')"))

    assert finished["outcome"] == "failed"
    assert "this machine does not show programs /Volumes; leave out `file:`" in finished["error"]


@pytest.mark.parametrize(
    "cell",
    [
        f"import pyarrow, pyarrow.parquet\npyarrow.parquet.write_table(pyarrow.table({{'x': [1]}}), "
        f"'{VOLUME}/a.parquet')",
        f"from pyspark.sql import functions as F\nwrite = F.udf(lambda: open('{VOLUME}/a.txt', 'w').write('x'), "
        f"'long')\n"
        "spark.range(1).select(write()).collect()",
    ],
)
def test_without_namespaces_what_the_guard_does_not_see_finds_no_folder(
    blind: ClusterProcess, notebook: Write, cell: str
) -> None:
    finished = blind.run(notebook(cell))

    assert finished["outcome"] == "failed"
    assert "No such file or directory" in finished["error"]
