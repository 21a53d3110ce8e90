"""The resident process of a local cluster: `python -m cluster.control.controller --state DIR
[--memory 4g] [--warehouse DIR] [--warm]`.

Speaks JSON lines on standard input and output (docs/contracts.md, section 6); standard error is its log. When its input
closes, it ends every notebook process and the driver JVM.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from cluster.control.processes import ProcessRecords, take_lock
from cluster.control.protocol import ProtocolError, RunRequest, parse, run_request, text
from cluster.control.runs import NotebookRun
from cluster.control.warm_parent import WarmParent
from cluster.folders import namespace
from cluster.folders.paths import StateFolder
from cluster.folders.places import shown_folders
from cluster.spark.driver import Driver, DriverStartError, RunningDriver

CLOSE_SECONDS = 5
LOCK_SECONDS = 20


class Controller:
    """Carries out the operations of the protocol, each run in a thread of its own."""

    def __init__(self, state: StateFolder, memory: str, recycle_after: int, output: BinaryIO) -> None:
        self._output, self._output_lock = output, threading.Lock()
        self._records = ProcessRecords(state.processes)
        self._state = state
        self._runs: dict[str, NotebookRun] = {}
        self._runs_lock = threading.Lock()
        for leftover in self._records.end_leftovers():
            log(f"ended {leftover}, left over from an earlier life")
        shutil.rmtree(state.environments, ignore_errors=True)
        self._parent = WarmParent(state, self._records)
        self._driver = Driver(state, memory, recycle_after, self._records, self._driver_ready, self._driver_lost)

    def warm(self) -> None:
        """Starts the driver JVM and the warm parent of notebooks in the background."""

        def start() -> None:
            try:
                self._driver.acquire()
                self._driver.release()
            except DriverStartError as error:
                log(str(error))

        threading.Thread(target=start, daemon=True, name="warm").start()
        self._parent.start()

    def handle(self, line: bytes) -> bool:
        """Carries out one message; False when it asks to shut down.

        Raises:
            ProtocolError: the message cannot be understood.
        """
        message = parse(line)
        operation = message.get("op")
        if operation == "run":
            self._run(run_request(message))
        elif operation == "cancel":
            self._cancel(text(message, "runId"))
        elif operation == "shutdown":
            return False
        else:
            raise ProtocolError(f"unknown op {operation!r}")
        return True

    def close(self) -> None:
        """Ends every notebook process, then the JVM; kills what does not follow."""
        with self._runs_lock:
            runs = list(self._runs.values())
        for run in runs:
            run.kill()
        closing = threading.Thread(target=self._driver.close, daemon=True, name="close")
        closing.start()
        closing.join(CLOSE_SECONDS)
        self._records.end_leftovers()

    def _run(self, request: RunRequest) -> None:
        run = NotebookRun(request, self._state, self._driver, self._parent, self._records, self._emit)
        with self._runs_lock:
            if request.run_id in self._runs:
                raise ProtocolError(f"run {request.run_id} is running already")
            self._runs[request.run_id] = run
        self._parent.start()
        threading.Thread(target=self._execute, args=(run,), daemon=True, name=f"run {request.run_id}").start()

    def _execute(self, run: NotebookRun) -> None:
        try:
            run.execute()
        except Exception as error:  # The server waits for a `finished` whatever goes wrong here.
            log(f"run {run.request.run_id}: {type(error).__name__}: {error}")
            self._emit(
                {
                    "event": "finished",
                    "runId": run.request.run_id,
                    "outcome": "driver-error",
                    "error": f"{type(error).__name__}: {error}",
                }
            )
        finally:
            with self._runs_lock:
                del self._runs[run.request.run_id]

    def _cancel(self, run_id: str) -> None:
        with self._runs_lock:
            run = self._runs.get(run_id)
        if run:
            run.cancel()
        else:
            log(f"cancel of run {run_id}: no such run is active")

    def _driver_ready(self, pid: int) -> None:
        self._emit({"event": "ready", "jvmPid": pid, "controllerPid": os.getpid()})

    def _driver_lost(self, driver: RunningDriver, reason: str) -> None:
        log(reason)
        self._emit({"event": "driver-lost", "reason": reason})
        with self._runs_lock:
            lost = [run for run in self._runs.values() if run.used_driver is driver]
        for run in lost:
            run.kill()

    def _emit(self, event: dict[str, Any]) -> None:
        # A server that has gone closes both pipes; the end of the input will be seen.
        with self._output_lock, contextlib.suppress(BrokenPipeError):
            self._output.write(json.dumps(event).encode() + b"\n")
            self._output.flush()


def log(line: str) -> None:
    """Writes one line to the controller's log."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Serves until standard input closes or a shutdown is asked for."""
    parser = argparse.ArgumentParser(prog="cluster.control.controller", description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument("--memory", default="4g", help="heap of the driver JVM (default 4g)")
    parser.add_argument("--warehouse", type=Path, help="tables and metastore (default <state>/warehouse)")
    parser.add_argument(
        "--recycle-after", type=int, default=50, help="notebooks after which an idle JVM is replaced (default 50)"
    )
    parser.add_argument(
        "--warm", action="store_true", help="start the driver JVM at once instead of with the first run"
    )
    options = parser.parse_args()
    state = StateFolder.of(options.state, options.warehouse)
    try:
        # An earlier controller whose input has just closed may still be ending its processes.
        take_lock(state.root / "controller.lock", LOCK_SECONDS)
    except TimeoutError as error:
        parser.exit(2, f"{error}\n")
    # Before the first thread and the first process, which then see the same as this one.
    unseen = namespace.enter(shown_folders(state), state.root_mount)
    if unseen:
        log(f"only Spark, dbutils and Python's own file calls reach {', '.join(shown_folders(state))}: {unseen}")
        state = dataclasses.replace(state, unseen=unseen)
    controller = Controller(state, options.memory, options.recycle_after, sys.stdout.buffer)
    if options.warm:
        controller.warm()
    try:
        for line in sys.stdin.buffer:
            try:
                if not controller.handle(line):
                    break
            except ProtocolError as error:
                log(f"message refused: {error}")
    finally:
        controller.close()
    sys.stderr.flush()
    # Threads of runs whose notebooks were just killed still wait for a JVM that is gone.
    os._exit(0)


if __name__ == "__main__":
    main()
