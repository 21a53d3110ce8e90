"""What a task's cluster sets for its notebook: `spark_conf` and `spark_env_vars`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pyspark.errors import PySparkException

# What holds the notebook process and its driver together.
_OURS = re.compile(
    r"PYSPARK_.*|SPARK_.*|JAVA_HOME|JDK_JAVA_OPTIONS|TZ|DATABRICKS_HOST|DATABRICKS_TOKEN|DATABRICKS_RUNTIME_VERSION"
)
# The only kind of cluster there is here.
_SINGLE_NODE = {"spark.databricks.cluster.profile": "singleNode", "spark.master": "local"}


def set_environment(variables: Mapping[str, str], spark: Any, warn: Callable[[str], None]) -> None:
    """Sets environment variables for the notebook, what it starts, and Spark's Python workers."""
    workers = spark.sparkContext.environment
    for name, value in variables.items():
        if _OURS.fullmatch(name):
            warn(f"spark_env_vars: {name} is not set: the local cluster needs its own")
            continue
        os.environ[name] = value
        if name == "PYTHONPATH":
            # Read when a Python starts, and this one has.
            sys.path += [folder for folder in value.split(os.pathsep) if folder and folder not in sys.path]
            value = os.pathsep.join([workers["PYTHONPATH"], value])
        workers[name] = value


def set_spark_conf(settings: Mapping[str, str], spark: Any, warn: Callable[[str], None]) -> None:
    """Sets Spark's settings in the session; warns of those that only a new driver could take."""
    for name, value in settings.items():
        if name in _SINGLE_NODE and value.startswith(_SINGLE_NODE[name]):
            continue
        try:
            spark.conf.set(name, value)
            # Hadoop's settings of a session are those without the prefix.
            if name.startswith("spark.hadoop."):
                spark.conf.set(name.removeprefix("spark.hadoop."), value)
        except PySparkException:
            if spark.sparkContext.getConf().get(name) != value:
                warn(f"spark_conf: {name} is not set: it holds for a whole driver, which all runs share here")
