"""A Spark session with Delta and MLflow in a folder of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from cluster.folders.paths import StateFolder
from cluster.spark.jvm import start_jvm, stop_jvm
from cluster.spark.setup import migrate_mlflow, mlflow_environment

_GATEWAY = ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")


@dataclass(frozen=True)
class LocalSession:
    """A session and the process behind it."""

    spark: SparkSession
    jvm_pid: int
    root: Path

    def peak_memory_gib(self) -> float:
        """The most memory that the driver JVM has ever held (resident set)."""
        return _high_water(Path(f"/proc/{self.jvm_pid}/status")) / 2**20


def _high_water(status: Path) -> int:
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError(f"{status} has no line VmHWM")


@contextmanager
def local_session(folder: Path, memory: str) -> Iterator[LocalSession]:
    """Starts a driver JVM with `memory` (such as `4g`) whose tables, models and log lie in `folder`; ends it
    afterwards.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    state = StateFolder.of(folder)
    migrate_mlflow(state)
    os.environ.update(mlflow_environment(state))
    with (state.logs / "driver.log").open("wb") as log:
        gateway = start_jvm(warehouse=state.warehouse, memory=memory, log=log)
        os.environ.update(PYSPARK_GATEWAY_PORT=str(gateway.port), PYSPARK_GATEWAY_SECRET=gateway.secret)
        try:
            spark = SparkSession.builder.appName("workbench").getOrCreate()
            yield LocalSession(spark, gateway.process.pid, folder)
            spark.stop()
        except (Py4JError, PySparkException) as error:
            # Its text lives in the JVM, which ends before anybody prints it.
            error.add_note(str(error))
            raise
        finally:
            for name in _GATEWAY:
                del os.environ[name]
            if SparkContext._gateway is not None:
                SparkContext._gateway.shutdown()
                SparkContext._gateway = SparkContext._jvm = None
            stop_jvm(gateway)
