"""The process that a notebook runs in: its environment, and the two ways to it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from cluster.control.processes import start_time
from cluster.folders.paths import StateFolder
from cluster.spark.jvm import jvm_environment
from cluster.spark.setup import mlflow_environment


def notebook_environment(state: StateFolder) -> dict[str, str]:
    """The environment of notebook processes, but for the way to the driver JVM."""
    return jvm_environment(
        {
            **mlflow_environment(state),
            "DATABRICKS_RUNTIME_VERSION": "18.0",
            "PYTHONUNBUFFERED": "1",
            "MPLBACKEND": "Agg",
        }
    )


class ForkedProcess:
    """A forked notebook process: as much of `subprocess.Popen` as a run needs."""

    def __init__(self, pid: int, stdin: IO[bytes], line: socket.SocketIO) -> None:
        self.pid, self.stdin, self._line = pid, stdin, line
        self.returncode: int | None = None

    def wait(self) -> int | None:
        """Waits for the end and returns the exit code; None when the watcher was killed, so that nobody knows it."""
        began = start_time(self.pid)
        with self._line:
            code = self._line.readline()
        if code:
            self.returncode = int(code)
        while not code and began is not None and start_time(self.pid) == began:
            time.sleep(0.02)
        return self.returncode


def start_cold(environment: Mapping[str, str], out: IO[bytes], err: IO[bytes], report: int) -> subprocess.Popen[bytes]:
    """A notebook process that imports everything itself, for when the warm parent has died."""
    return subprocess.Popen(
        [sys.executable, "-m", "cluster.notebook.runner", str(report)],
        cwd=Path(__file__).parents[2],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=err,
        pass_fds=[report],
        start_new_session=True,
    )


NotebookProcess = subprocess.Popen[bytes] | ForkedProcess
