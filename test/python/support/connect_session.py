"""A Spark Connect session, as serverless compute has it: a server of its own process, and a client without a JVM."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from cluster.spark.jvm import SESSION_DEFAULTS, extra_jars, jvm_environment, submit_command

READY_TIMEOUT_SECONDS = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(READY_TIMEOUT_SECONDS * 4):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.25)
    raise RuntimeError(f"the Spark Connect server did not start:\n{log.read_text()[-2000:]}")


@contextmanager
def connect_session(folder: Path) -> Iterator[SparkSession]:
    """Starts a server with Delta and a Hive metastore in `folder`, and connects to it. Both end afterwards."""
    port = _free_port()
    warehouse = folder / "warehouse"
    warehouse.mkdir(parents=True)
    metastore = f"jdbc:derby:;databaseName={warehouse / 'metastore'};create=true"
    conf = {
        **SESSION_DEFAULTS,
        "spark.master": "local[2]",
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.sql.warehouse.dir": str(warehouse / "tables"),
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
    }
    # The class of our own file system is found by Spark's local processes alone.
    jars = [jar for jar in extra_jars() if jar.name != "file-system.jar"]
    arguments = ("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal")
    command = submit_command(conf, memory="3g", jars=jars, arguments=arguments)
    log = folder / "connect.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=warehouse, env=jvm_environment()
        )
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    try:
        _wait_for(port, process, log)
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        yield session
        session.stop()
    finally:
        process.terminate()
        process.wait(30)
