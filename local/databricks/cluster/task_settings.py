"""What a task's cluster sets for its notebook: `spark_conf` and `spark_env_vars`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pyspark.errors import PySparkException

# A value that is a secret, as cluster settings name it.
_SECRET = re.compile(r"\{\{secrets/(?P<scope>[^/{}]+)/(?P<key>[^/{}]+)\}\}")
# What holds the notebook process and its driver together.
_OURS = re.compile(r"PYSPARK_.*|SPARK_.*|JAVA_HOME|JDK_JAVA_OPTIONS|TZ|DATABRICKS_HOST|DATABRICKS_TOKEN|DATABRICKS_RUNTIME_VERSION")
# The only kind of cluster there is here.
_SINGLE_NODE = {"spark.databricks.cluster.profile": "singleNode", "spark.master": "local"}

GetSecret = Callable[[str, str], str]


def set_environment(variables: Mapping[str, str], spark: Any, secret: GetSecret) -> None:
    """Sets environment variables for the notebook, what it starts, and Spark's Python workers."""
    for name, value in variables.items():
        if _OURS.fullmatch(name):
            print(f"spark_env_vars: {name} is not set: the local cluster needs its own", file=sys.stderr)
        else:
            os.environ[name] = spark.sparkContext.environment[name] = _with_secrets(value, secret)


def set_spark_conf(settings: Mapping[str, str], spark: Any, secret: GetSecret) -> None:
    """Sets Spark's settings in the session; what only a new driver could take is told."""
    for name, value in settings.items():
        if name in _SINGLE_NODE and value.startswith(_SINGLE_NODE[name]):
            continue
        try:
            spark.conf.set(name, _with_secrets(value, secret))
            # Hadoop's settings of a session are those without the prefix.
            if name.startswith("spark.hadoop."):
                spark.conf.set(name.removeprefix("spark.hadoop."), _with_secrets(value, secret))
        except PySparkException:
            if spark.sparkContext.getConf().get(name) != value:
                print(f"spark_conf: {name} is not set: it holds for a whole driver, which runs share here", file=sys.stderr)


def _with_secrets(value: str, secret: GetSecret) -> str:
    return _SECRET.sub(lambda match: secret(match["scope"], match["key"]), value)
