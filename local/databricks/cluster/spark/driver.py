"""The driver JVM of the cluster: started on first use, kept warm, replaced when it dies or has served many runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

from py4j.protocol import Py4JError

from cluster.control.processes import ProcessRecords, take_lock
from cluster.folders.paths import StateFolder
from cluster.folders.places import spark_settings
from cluster.spark import setup
from cluster.spark.driver_client import DriverClient
from cluster.spark.jvm import Gateway, start_jvm, stop_jvm

LOCK_TIMEOUT_SECONDS = 30


class DriverStartError(RuntimeError):
    """Raised when the driver JVM, or what it needs, could not be started; names the log."""


@dataclass(eq=False)
class RunningDriver:
    """One life of the driver JVM."""

    gateway: Gateway
    client: DriverClient
    attaches: int = 0
    stopping: bool = False
    lost: threading.Event = field(default_factory=threading.Event)

    def is_lost(self, wait_seconds: float = 0) -> bool:
        """Whether the JVM has died by itself, as seen within `wait_seconds`."""
        return self.lost.wait(wait_seconds)


class Driver:
    """Hands out the running driver JVM, starting it when there is none.

    An idle JVM is replaced after it has served `recycle_after` notebooks. `on_ready` hears of each JVM that came up,
    `on_lost` of each that died without being asked to.
    """

    def __init__(
        self,
        state: StateFolder,
        memory: str,
        recycle_after: int,
        records: ProcessRecords,
        on_ready: Callable[[int], None],
        on_lost: Callable[[RunningDriver, str], None],
    ) -> None:
        self._state, self._memory, self._recycle_after, self._records = state, memory, recycle_after, records
        self._on_ready, self._on_lost = on_ready, on_lost
        self._lock = threading.Lock()
        self._current: RunningDriver | None = None
        self._active = 0
        self._closed = False

    def acquire(self) -> RunningDriver:
        """The running driver, for one more notebook; `release` must follow.

        Raises:
            DriverStartError: the JVM did not come up.
        """
        with self._lock:
            if self._closed:
                raise DriverStartError("the cluster is shutting down")
            if self._current is None or self._current.lost.is_set():
                self._current = self._start()
            self._current.attaches += 1
            self._active += 1
            return self._current

    def release(self) -> None:
        """Ends one use. An idle JVM that has served many notebooks is stopped: sessions and plans pile up in it."""
        with self._lock:
            self._active -= 1
            current = self._current
            if self._active == 0 and current and current.attaches >= self._recycle_after:
                self._current = None
                self._stop(current)

    def kill(self, driver: RunningDriver) -> None:
        """Kills a JVM in which an ended notebook goes on working; its other notebooks end as after any loss of the
        driver.
        """
        driver.gateway.process.kill()

    def close(self) -> None:
        """Stops the JVM for good."""
        self._closed = True
        with self._lock:
            if self._current:
                self._stop(self._current)

    def _stop(self, driver: RunningDriver) -> None:
        driver.stopping = True
        driver.client.close()
        stop_jvm(driver.gateway)
        self._records.forget(driver.gateway.process.pid)

    def _start(self) -> RunningDriver:
        log_path = self._state.logs / "driver.log"
        if log_path.exists():
            log_path.replace(self._state.logs / "driver.previous.log")
        driver = None
        try:
            with log_path.open("wb") as log, ThreadPoolExecutor(1) as worker:
                migration = worker.submit(setup.migrate_mlflow, self._state)
                driver = self._start_jvm(log)
                setup.complete_metastore(self._state, driver.client)
                for path in setup.remove_stray_directories(self._state, driver.client):
                    print(
                        f"removed {path}: a table directory that the metastore does not know",
                        file=sys.stderr,
                        flush=True,
                    )
                migration.result()
        except (Py4JError, OSError, RuntimeError) as error:
            if driver:
                self._stop(driver)
            raise DriverStartError(f"the driver JVM could not be started ({error}); see {log_path}") from error
        self._on_ready(driver.gateway.process.pid)
        return driver

    def _start_jvm(self, log: IO[bytes]) -> RunningDriver:
        # Derby admits one JVM. The JVM inherits the open file, so the lock ends with the JVM, however that ends.
        lock = take_lock(self._state.warehouse / "metastore.lock", LOCK_TIMEOUT_SECONDS)
        try:
            setup.discard_unfinished_metastore(self._state)
            shutil.rmtree(self._state.warehouse / "tmp", ignore_errors=True)
            gateway = start_jvm(
                warehouse=self._state.warehouse,
                memory=self._memory,
                conf=spark_settings(self._state),
                log=log,
                on_spawn=lambda pid: self._records.record(pid, "driver JVM"),
                pass_fds=[lock],
            )
        finally:
            os.close(lock)
        driver = RunningDriver(gateway, DriverClient(gateway))
        threading.Thread(target=self._watch, args=(driver,), daemon=True, name="driver-watch").start()
        try:
            driver.client.open_session()
            # MLflow hands models over to Spark in its scratch folder.
            driver.client.mount(self._state.mlflow)
        except Py4JError:
            driver.stopping = True
            gateway.process.kill()
            raise
        return driver

    def _watch(self, driver: RunningDriver) -> None:
        process: subprocess.Popen[bytes] = driver.gateway.process
        code = process.wait()
        self._records.forget(process.pid)
        if driver.stopping:
            return
        driver.lost.set()
        reason = f"the driver JVM (process {process.pid}) ended with code {code}" + (
            ": out of memory" if code == 3 else ""
        )
        self._on_lost(driver, reason)
