"""A process's own view of the file tree, made without any rights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cluster_process import NO_NAMESPACES

from cluster.spark.jvm import REPO_ROOT

SHOWN = "/Volumes"
# A superuser who may mount nothing; the right that is left is to be the same user in a namespace.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all"] if os.getuid() == 0 else []

PROGRAM = f"""
import os, subprocess, sys
from pathlib import Path
from cluster.folders.namespace import enter
folder = Path(sys.argv[1])
print(enter({{"{SHOWN}": folder / "volumes"}}, folder / "root"), flush=True)
subprocess.run(["sh", "-c", "id -u; pwd; mkdir {SHOWN}/made && echo text > {SHOWN}/made/file && cat {SHOWN}/made/file"])
wanted = ("/tmp", "/usr/bin/env", "/proc/self/status", "/dev/null", sys.executable)
missing = [path for path in wanted if not os.path.exists(path)]
print(missing, sorted(set(os.listdir("/")) - {{"{SHOWN[1:]}"}}) == sorted(sys.argv[2:]))
"""


def run(folder: Path, *wrapper: str) -> subprocess.CompletedProcess[str]:
    """Runs the program."""
    for part in ("volumes", "root"):
        (folder / part).mkdir()
    before = [name for name in os.listdir("/") if f"/{name}" != SHOWN]
    command = [*wrapper, *WITHOUT_RIGHTS, sys.executable, "-c", PROGRAM, str(folder), *before]
    environment = {**os.environ, "PYTHONPATH": str(REPO_ROOT / "local" / "databricks")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


@pytest.fixture(autouse=True)
def the_machine_is_as_it_was() -> None:
    """These tests hold where the machine has no such folder of its own."""
    assert not Path(SHOWN).exists()


def test_a_user_without_rights_sees_the_folder_and_the_machine_does_not(tmp_path: Path) -> None:
    done = run(tmp_path)

    assert (done.stdout, done.stderr) == (f"None\n{os.getuid()}\n{tmp_path}\ntext\n[] True\n", "")
    assert (tmp_path / "volumes" / "made" / "file").read_text() == "text\n"
    assert (tmp_path / "volumes" / "made" / "file").stat().st_uid == os.getuid()
    assert list((tmp_path / "root").iterdir()) == []
    assert not Path(SHOWN).exists()


def test_nothing_has_changed_where_the_machine_does_not_admit_it(tmp_path: Path) -> None:
    done = run(tmp_path, *NO_NAMESPACES)

    assert done.stdout == f"unshare: Operation not permitted\n{os.getuid()}\n{tmp_path}\n[] True\n"
    assert "cannot create directory" in done.stderr
    assert list((tmp_path / "volumes").iterdir()) == []
    assert not Path(SHOWN).exists()
