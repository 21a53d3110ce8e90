"""Notebook processes are forked from a warm parent: nothing passes from one to the next, and its death harms none."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from cluster_process import ClusterProcess, Write, alive, wait_until

# Nothing on the notebook's way imports MLflow but the warm parent.
IS_WARM = "import sys\nwarm = 'mlflow' in sys.modules"
DESCRIPTORS = """
import json, os
def open_files():
    found = []
    for name in os.listdir('/proc/self/fd'):
        try:
            found.append(os.readlink(f'/proc/self/fd/{name}'))
        except OSError:
            pass  # the listing's own
    return [target for target in found if target.startswith(('pipe:', 'socket:'))]
"""


def warm_parent(cluster: ClusterProcess) -> int:
    """The process id of the warm parent, from the controller's records."""
    records = [json.loads(path.read_text()) for path in (cluster.state / "processes").glob("*.json")]
    return int(next(record["pid"] for record in records if record["role"] == "warm parent of notebooks"))


def test_a_notebook_finds_libraries_warm_and_nothing_of_the_one_before(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text("value = 1\n")
    path = notebook(
        "import os, sys, threading\nfrom pathlib import Path\nimport numpy\nseen = ['mlflow' in sys.modules, "
        "'helper' in sys.modules, "
        "'cluster' in sys.modules, os.environ.get('LEFT_BEHIND'), os.getpid() == os.getsid(0)]",
        "import helper\nos.environ['LEFT_BEHIND'] = 'yes'\nnumpy.set_printoptions(precision=1)",
        "import json\ndbutils.notebook.exit(json.dumps([*seen, helper.value, numpy.random.random()]))",
    )

    first = json.loads(cluster.run(path)["result"])
    (tmp_path / "helper.py").write_text("value = 22\n")
    second = json.loads(cluster.run(path)["result"])

    assert first[:-1] == [True, False, False, None, True, 1]
    assert second[:-1] == [True, False, False, None, True, 22]
    assert first[-1] != second[-1], "both drew the same random number"


def test_notebooks_share_no_pipe_and_no_socket(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    waits = notebook(
        DESCRIPTORS,
        f"with open({str(tmp_path / 'open.part')!r}, 'w') as file:\n    json.dump(open_files(), file)",
        f"os.rename({str(tmp_path / 'open.part')!r}, {str(tmp_path / 'open')!r})",
        f"import time\nwhile not os.path.exists({str(tmp_path / 'go')!r}):\n    time.sleep(0.05)",
        name="waits.py",
    )
    first = cluster.start(waits)
    wait_until((tmp_path / "open").exists)
    parent = warm_parent(cluster)

    second = json.loads(cluster.run(notebook(DESCRIPTORS, "dbutils.notebook.exit(json.dumps(open_files()))"))["result"])
    of_parent = {os.readlink(path) for path in Path(f"/proc/{parent}/fd").iterdir()}
    (tmp_path / "go").touch()

    assert cluster.finished(first)["outcome"] == "success"
    of_first = json.loads((tmp_path / "open").read_text())
    assert len(second) == len(of_first) > 0
    assert set(second).isdisjoint(of_first)
    assert of_parent.isdisjoint([*second, *of_first])


def test_the_death_of_the_parent_harms_no_run(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    look = notebook(IS_WARM, "dbutils.notebook.exit(warm)", name="look.py")
    running = cluster.start(
        notebook(f"open({str(tmp_path / 'here')!r}, 'w').close()\nimport time\ntime.sleep(600)", name="sleeps.py"),
    )
    wait_until((tmp_path / "here").exists)
    dead = warm_parent(cluster)

    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: not alive(dead))

    assert cluster.run(look)["outcome"] == "success"
    assert warm_parent(cluster) != dead
    assert cluster.run(look)["result"] == "True"
    os.kill(cluster.started(running)["pid"], signal.SIGKILL)
    assert cluster.finished(running)["error"].startswith(
        "NotebookProcessKilledError: the notebook process was killed by SIGKILL"
    )
