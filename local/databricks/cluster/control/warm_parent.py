"""The warm parent: a process that has imported the libraries notebooks use, and forks one process for each notebook
run.

It imports nothing of the notebooks' own, which may change between two runs. Between the parent and a notebook process
stands a watcher, also forked, that only waits for the notebook's end: its exit code is known even when the parent has
died meanwhile.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from cluster.control.notebook_process import ForkedProcess, notebook_environment
from cluster.control.processes import ProcessRecords, kill_group
from cluster.folders.paths import StateFolder

# What a notebook process would import by itself; MLflow's stores alone take a second.
LIBRARIES = """numpy pandas pyarrow pyspark.sql pyspark.sql.functions delta.tables pyspark.ml pyspark.ml.functions
mlflow mlflow.spark mlflow.models.signature mlflow.store.tracking.sqlalchemy_store
mlflow.store.model_registry.sqlalchemy_store cluster.notebook.runner"""
FORK_TIMEOUT_SECONDS = 60


class WarmParent:
    """The controller's side: starts the parent, has it fork, and starts another when it has died."""

    def __init__(self, state: StateFolder, records: ProcessRecords) -> None:
        self._state, self._records = state, records
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Starts the parent unless it runs; it imports in the background."""
        with self._lock:
            if self._process and self._process.poll() is None:
                return
            self._end()
            self._socket, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "cluster.control.warm_parent", str(theirs.fileno())],
                    cwd=Path(__file__).parents[2],
                    env=notebook_environment(self._state),
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self._records.record(self._process.pid, "warm parent of notebooks")

    def fork(
        self, environment: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes], report: int
    ) -> ForkedProcess | None:
        """A new notebook process with these descriptors; None when the parent has died, which starts another."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        stdin = os.fdopen(writing, "wb", buffering=0)
        line = ours.makefile("rwb", buffering=0)
        parent = None
        try:
            with self._lock, theirs:
                parent = self._process
                if self._socket:
                    socket.send_fds(
                        self._socket, [b"."], [reading, stdout.fileno(), stderr.fileno(), report, theirs.fileno()]
                    )
            ours.settimeout(FORK_TIMEOUT_SECONDS)
            pid = int(line.readline() or 0)
            ours.settimeout(None)
            if pid:
                # Only now does the process begin: one that came too late for us ends instead.
                line.write(json.dumps(dict(environment)).encode() + b"\n")
                return ForkedProcess(pid, stdin, line)
        except OSError:
            pass
        finally:
            os.close(reading)
            ours.close()
        stdin.close()
        line.close()
        with self._lock:
            # Another run may have replaced it meanwhile.
            if parent is self._process:
                self._end()
        self.start()
        return None

    def _end(self) -> None:
        if self._socket:
            self._socket.close()
        if self._process:
            kill_group(self._process.pid)
            self._process.wait()
            self._records.forget(self._process.pid)
        self._process = self._socket = None


def serve(orders: socket.socket) -> None:
    """Forks a watcher and a notebook process for each message, until the controller closes its end."""
    for name in LIBRARIES.split():
        importlib.import_module(name)
    if threading.active_count() > 1:
        sys.exit(f"threads would not survive a fork: {threading.enumerate()}")
    # Objects that live for ever: no collection in a child touches, and thereby copies, their pages.
    gc.collect()
    gc.freeze()
    # Nobody waits for watchers.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, 1, 5)
        if not message:
            return
        if os.fork() == 0:
            orders.close()
            watch(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(descriptors: list[int]) -> None:
    """Forks the notebook process, waits for its end and tells its exit code on the last descriptor."""
    # Out of the parent's process group, which may be killed.
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = socket.socket(fileno=descriptors.pop())
    pid = os.fork()
    if pid == 0:
        become_notebook(line, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def become_notebook(line: socket.socket, descriptors: list[int]) -> None:
    """Goes on as `cluster.notebook.runner` would in a process of its own; never returns."""
    try:
        os.setsid()
        line.sendall(b"%d\n" % os.getpid())
        environment = line.makefile("rb").readline()
        line.close()
        if not environment:
            os._exit(1)
        *standard, report = descriptors
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(json.loads(environment))
        # Python reseeds its own generator after a fork; NumPy's would give every notebook the same numbers.
        importlib.import_module("numpy").random.seed()
        importlib.import_module("cluster.notebook.runner").main(report)
    except SystemExit as end:
        print(end, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
