"""Cancels, kills and crashes: each is caused for real, and what follows is looked at."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from cluster_process import ClusterProcess, Write, alive, wait_until

# Two tasks that each sleep in Python, row by row, long enough for a test to act.
SLOW_FRAME = """
import time
from pyspark.sql import functions as F

def slow(x: int) -> int:
    time.sleep(0.05)
    return x

frame = spark.range(0, 2000, 1, 2).withColumn("value", F.udf(slow, "long")("id"))
"""


def waits_for(path: Path) -> str:
    """Code that waits until a test creates `path`."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}):\n    time.sleep(0.05)"


def commits(cluster: ClusterProcess, table: str) -> list[str]:
    """The commit files of a Delta table of the schema default."""
    return sorted(path.name for path in (cluster.state / "warehouse" / "tables" / table / "_delta_log").glob("*.json"))


def test_a_cancelled_run_commits_nothing_and_its_neighbour_goes_on(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path
) -> None:
    cluster.run(
        notebook(
            "spark.range(2000).selectExpr('id', '0L AS value').write.format('delta').saveAsTable('target')",
            name="create.py",
        )
    )
    merge = notebook(
        SLOW_FRAME,
        f"open({str(tmp_path / 'merging')!r}, 'w').close()",
        "from delta.tables import DeltaTable\nfrom concurrent.futures import ThreadPoolExecutor",
        "def merge():\n    DeltaTable.forName(spark, 'target').alias('t').merge(frame.alias('s'), 't.id = s.id')"
        ".whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()",
        # On a thread of its own: a JVM thread that the notebook's main thread knows nothing of.
        "ThreadPoolExecutor(1).submit(merge).result()",
        name="merge.py",
    )
    neighbour = cluster.start(
        notebook(waits_for(tmp_path / "go"), "dbutils.notebook.exit(spark.range(10).count())", name="neighbour.py")
    )
    before = commits(cluster, "target")
    run_id = cluster.start(merge)
    wait_until((tmp_path / "merging").exists)
    time.sleep(2)

    cluster.send(op="cancel", runId=run_id)
    finished = cluster.finished(run_id)
    at_end = commits(cluster, "target")

    assert finished["outcome"] == "cancelled"
    assert not alive(cluster.started(run_id)["pid"])
    (tmp_path / "go").touch()
    assert cluster.finished(neighbour)["result"] == "10"
    assert commits(cluster, "target") == at_end == before


def test_cancels_a_run_that_waits_in_python(cluster: ClusterProcess, notebook: Write) -> None:
    run_id = cluster.start(
        notebook("import subprocess\nsleeper = subprocess.Popen(['sleep', '600'])\nprint(sleeper.pid)\nsleeper.wait()")
    )
    output = cluster.output_of(run_id) / "stdout.log"
    wait_until(lambda: output.exists() and output.read_text().endswith("\n"))

    cluster.send(op="cancel", runId=run_id)

    assert cluster.finished(run_id)["outcome"] == "cancelled"
    assert not alive(int(output.read_text()))


def test_a_killed_notebook_process_is_a_fault_of_the_platform(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path
) -> None:
    path = notebook(
        SLOW_FRAME, f"open({str(tmp_path / 'here')!r}, 'w').close()\nframe.write.format('delta').saveAsTable('orphan')"
    )
    run_id = cluster.start(path)
    wait_until((tmp_path / "here").exists)
    time.sleep(1)

    os.kill(cluster.started(run_id)["pid"], signal.SIGKILL)
    finished = cluster.finished(run_id)

    assert finished["outcome"] == "driver-error"
    assert finished["error"].startswith("NotebookProcessKilledError: the notebook process was killed by SIGKILL")
    assert commits(cluster, "orphan") == []


def test_outlives_the_death_of_the_driver(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    cluster.run(notebook("spark.range(3).write.format('delta').saveAsTable('kept')"))
    run_id = cluster.start(notebook(f"open({str(tmp_path / 'here')!r}, 'w').close()", SLOW_FRAME, "frame.count()"))
    wait_until((tmp_path / "here").exists)
    dead = cluster.jvm_pid()

    os.kill(dead, signal.SIGKILL)
    finished = cluster.finished(run_id)

    assert finished["outcome"] == "driver-error"
    assert finished["error"] == "DriverLostError: the driver JVM ended while the notebook ran"
    assert "ended with code -9" in cluster.wait(lambda event: event["event"] == "driver-lost")["reason"]
    assert cluster.run(notebook("dbutils.notebook.exit(spark.table('kept').count())"))["result"] == "3"
    assert cluster.jvm_pid() != dead


def test_heals_after_the_death_of_the_controller(
    cluster_folder: Path, environment: dict[str, str], notebook: Write, tmp_path: Path
) -> None:
    first = ClusterProcess(cluster_folder / "other" / "state", environment)
    run_id = first.start(notebook(f"open({str(tmp_path / 'here')!r}, 'w').close()", "import time\ntime.sleep(600)"))
    wait_until((tmp_path / "here").exists, 180)
    processes = [first.jvm_pid(), first.started(run_id)["pid"]]
    stray = first.state / "warehouse" / "tables" / "half_made"
    (stray / "_delta_log").mkdir(parents=True)

    first.kill()
    second = ClusterProcess(first.state, environment, "--recycle-after", "1")
    finished = second.run(notebook("spark.range(1).write.format('delta').saveAsTable('half_made')"))

    assert finished["outcome"] == "success"
    assert not any(map(alive, processes))
    recycled = second.jvm_pid()
    run_id = second.start(notebook("import time\ntime.sleep(600)"))
    second.started(run_id)
    assert not alive(recycled)
    processes = [second.jvm_pid(), second.started(run_id)["pid"]]
    second.end()
    assert not any(map(alive, processes))
    assert list((second.state / "processes").iterdir()) == []


def test_reports_a_driver_that_does_not_start(tmp_path: Path, environment: dict[str, str], notebook: Write) -> None:
    process = ClusterProcess(tmp_path / "broken" / "state", environment, "--memory", "plenty")

    finished = process.run(notebook("pass"))

    assert finished["outcome"] == "driver-error"
    assert "the driver JVM ended with code 1 before it was ready" in finished["error"]
    assert f"see {process.state / 'logs' / 'driver.log'}" in finished["error"]
    process.end()


def test_refuses_messages_that_it_does_not_understand(
    cluster: ClusterProcess, notebook: Write, cluster_folder: Path
) -> None:
    cluster.send(op="run", runId="x", notebookPath="", parameters={}, outputDir="/nowhere")
    cluster.send(op="dance")
    cluster.send(op="cancel", runId="never-started")

    assert cluster.run(notebook("dbutils.notebook.exit('on')"))["result"] == "on"
    log = (cluster_folder / "controller.log").read_text()
    assert "message refused: notebookPath must be a string that is not empty" in log
    assert "message refused: unknown op 'dance'" in log
    assert "cancel of run never-started: no such run is active" in log
