"""Fixtures of the notebook tests: one driver JVM for the whole session, a fresh schema for each test.

Tests that need no Spark pay nothing: the JVM starts with the first test that asks for `spark`.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from cluster.spark.jvm import REPO_ROOT, start_jvm, stop_jvm
from workbench.session import LocalSession

os.environ["TZ"] = "UTC"
os.environ["PYSPARK_PYTHON"] = sys.executable
time.tzset()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--connect`: the same tests in a Spark Connect session (`npm run check:connect`)."""
    parser.addoption("--connect", action="store_true", help="use Spark Connect, as serverless compute does")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """A session with Delta and a Hive metastore, in a warehouse that ends with the test session."""
    folder = tmp_path_factory.mktemp("spark")
    if request.config.getoption("--connect"):
        from connect_session import connect_session

        with connect_session(folder) as remote:
            yield remote
        return
    package_path = os.pathsep.join(
        [str(REPO_ROOT / "notebooks"), str(REPO_ROOT / "local" / "databricks"), str(REPO_ROOT / "local")]
    )
    with (folder / "driver.log").open("wb") as log:
        gateway = start_jvm(
            warehouse=folder / "warehouse", memory="3g", cores="2", log=log, environment={"PYTHONPATH": package_path}
        )
    os.environ["PYSPARK_GATEWAY_PORT"] = str(gateway.port)
    os.environ["PYSPARK_GATEWAY_SECRET"] = gateway.secret
    try:
        session = SparkSession.builder.appName("tests").getOrCreate()
        yield session
        session.stop()
    finally:
        for name in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"):
            del os.environ[name]
        if SparkContext._gateway is not None:
            SparkContext._gateway.shutdown()
            SparkContext._gateway = SparkContext._jvm = None
        stop_jvm(gateway)


@pytest.fixture
def local(spark: SparkSession, tmp_path: Path, request: pytest.FixtureRequest) -> LocalSession:
    """The session as the workbench knows it, with a folder of this test alone for volumes."""
    if request.config.getoption("--connect"):
        pytest.skip("the workbench has a driver of its own, which a Connect client has not")
    pid = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    return LocalSession(spark, int(pid), tmp_path / "state")


@pytest.fixture
def schema(spark: SparkSession) -> Iterator[str]:
    """The name of an empty schema of this test alone, in the catalog `spark_catalog`; dropped with its tables."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    spark.sql(f"CREATE SCHEMA {name}")
    yield name
    spark.sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
