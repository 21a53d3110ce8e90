"""One notebook run as the controller sees it: a process that attaches to the driver JVM, watched until nothing of it
works on.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from py4j.protocol import Py4JError

from cluster.control.notebook_process import NotebookProcess, notebook_environment, start_cold
from cluster.control.processes import ProcessRecords, kill_group
from cluster.control.protocol import RunRequest
from cluster.control.verdict import judged
from cluster.control.warm_parent import WarmParent
from cluster.folders.paths import StateFolder
from cluster.folders.places import volume_mounts
from cluster.spark.driver import Driver, DriverStartError, RunningDriver

# A JVM thread that ignores the cancel of its Spark jobs for this long is ended together with its JVM.
THREADS_TIMEOUT_SECONDS = 120
# A JVM that no longer answers is seen to have exited at the latest after this time.
LOSS_NOTICE_SECONDS = 5

Emit = Callable[[dict[str, Any]], None]


class NotebookRun:
    """Runs one notebook and reports `started` and, once nothing of it works on, `finished`."""

    def __init__(
        self,
        request: RunRequest,
        state: StateFolder,
        driver: Driver,
        parent: WarmParent,
        records: ProcessRecords,
        emit: Emit,
    ) -> None:
        self.request = request
        self._state, self._driver, self._parent, self._records, self._emit = state, driver, parent, records, emit
        # Spark refuses all further jobs of a cancelled group, so a run id that comes again must not name the same
        # group.
        self._key = f"{request.run_id}.{uuid.uuid4().hex[:8]}"
        self._mounts = volume_mounts(request.parameters, state)
        # Made when the run has libraries of its own.
        self._environment = state.environments / self._key
        self._lock = threading.Lock()
        self._process: NotebookProcess | None = None
        self._cancelled = False
        self._killed = False
        self.used_driver: RunningDriver | None = None

    def cancel(self) -> None:
        """Ends the run; `finished` follows when its process and its JVM threads have ended."""
        self._cancelled = True
        self.kill()

    def kill(self) -> None:
        """Kills the notebook process, now or as soon as it exists."""
        with self._lock:
            self._killed = True
            if self._process:
                kill_group(self._process.pid)

    def execute(self) -> None:
        """Runs the notebook to its end; never raises for what the notebook does."""
        began = time.monotonic()
        try:
            self.used_driver = self._driver.acquire()
        except DriverStartError as error:
            self._finish("cancelled" if self._cancelled else "driver-error", {"error": f"DriverStartError: {error}"})
            return
        try:
            for folder in self._mounts:
                self.used_driver.client.mount(folder)
            report = self._run_process(self.used_driver, began)
            # Talks to the JVM: a notebook that failed because its JVM had died is told from others by that.
            self._await_threads(self.used_driver)
            code = self._process.returncode if self._process else None
            lost = self.used_driver.is_lost
            self._finish(*judged(report, code, cancelled=self._cancelled, driver_is_lost=lost))
        finally:
            self._driver.release()

    def _run_process(self, driver: RunningDriver, began: float) -> dict[str, Any] | None:
        """Starts the notebook process, passes on that it has attached and what it warns of, and returns its last
        report, if it gave one.
        """
        reading, writing = os.pipe()
        with self._lock:
            if self._killed:
                os.close(reading)
                os.close(writing)
                return None
            process = self._process = self._spawn(driver, writing)
        os.close(writing)
        report = None
        with open(reading, "rb") as reports:
            for line in reports:
                message = json.loads(line)
                if message.get("attached"):
                    setup_ms = round((time.monotonic() - began) * 1000)
                    self._emit(
                        {"event": "started", "runId": self.request.run_id, "pid": process.pid, "setupMs": setup_ms}
                    )
                elif "warning" in message:
                    self._emit({"event": "warning", "runId": self.request.run_id, "message": message["warning"]})
                else:
                    report = message
        process.wait()
        # What the notebook itself started belongs to its process group.
        kill_group(process.pid)
        self._records.forget(process.pid)
        shutil.rmtree(self._environment, ignore_errors=True)
        return report

    def _spawn(self, driver: RunningDriver, report_descriptor: int) -> NotebookProcess:
        request = self.request
        request.output_dir.mkdir(parents=True, exist_ok=True)
        environment = {
            **notebook_environment(self._state),
            "PYSPARK_GATEWAY_PORT": str(driver.gateway.port),
            "PYSPARK_GATEWAY_SECRET": driver.gateway.secret,
        }
        with (
            (request.output_dir / "stdout.log").open("wb") as out,
            (request.output_dir / "stderr.log").open("wb") as err,
        ):
            forked = self._parent.fork(environment, out, err, report_descriptor)
            process = forked or start_cold(environment, out, err, report_descriptor)
        self._records.record(process.pid, f"notebook run {request.run_id}")
        order = {
            "runId": request.run_id,
            "key": self._key,
            "notebookPath": str(request.notebook_path),
            "parameters": dict(request.parameters),
            "state": str(self._state.root),
            "unseen": self._state.unseen,
            "mounts": [str(folder) for folder in self._mounts],
            "environment": str(self._environment),
            "workspacePath": request.workspace_path,
            "sparkConf": dict(request.spark_conf),
            "env": dict(request.env),
            "libraries": list(request.libraries),
        }
        assert process.stdin
        try:
            # Left open: its end tells the process that the controller has died.
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # The process died at once; its return code will tell.
        return process

    def _await_threads(self, driver: RunningDriver) -> None:
        """Cancels what the ended process left in the JVM and waits until none of its threads lives."""
        deadline = time.monotonic() + THREADS_TIMEOUT_SECONDS
        try:
            while not driver.lost.is_set():
                driver.client.cancel(self._key)
                if not driver.client.has_living_threads(self._key):
                    driver.client.forget(self._key)
                    return
                if time.monotonic() > deadline:
                    print(
                        f"run {self.request.run_id}: its JVM threads did not end; the JVM is killed",
                        file=sys.stderr,
                        flush=True,
                    )
                    self._driver.kill(driver)
                    driver.is_lost(LOSS_NOTICE_SECONDS)
                    return
                time.sleep(0.05)
        except (Py4JError, OSError):
            # The JVM went away meanwhile, and its threads with it.
            if not driver.is_lost(LOSS_NOTICE_SECONDS) and not driver.stopping:
                raise

    def _finish(self, outcome: str, details: Mapping[str, Any]) -> None:
        known = {key: details[key] for key in ("result", "truncated", "error", "errorTrace") if key in details}
        self._emit({"event": "finished", "runId": self.request.run_id, "outcome": outcome, **known})
