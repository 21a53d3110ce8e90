"""What a task and its cluster ask for reaches the notebook, or is told: `spark_conf`, `spark_env_vars`."""

from __future__ import annotations

import json

from cluster_process import EXIT, ClusterProcess, Write, warnings_of


def test_tables_and_files_are_delta_unless_something_else_is_said(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "spark.sql('CREATE SCHEMA IF NOT EXISTS formats')\nspark.range(2).write.saveAsTable('formats.saved')",
        "# MAGIC %sql\n# MAGIC CREATE TABLE formats.declared (id INT);\n# MAGIC CREATE TABLE formats.selected "
        "AS SELECT 1 AS id",
        "spark.range(2).writeTo('formats.v2').create()\nspark.range(3).write.save('/formats')",
        "names = ('saved', 'declared', 'selected', 'v2')",
        "found = [spark.sql(f'DESCRIBE DETAIL formats.{name}').first().format for name in names]",
        "found += [spark.read.load('/formats').count(), spark.read.format('delta').load('/formats').count()]",
        "spark.sql('DROP SCHEMA formats CASCADE')\ndbutils.fs.rm('/formats', True)",
        EXIT,
    )

    finished = cluster.run(path)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["delta"] * 4 + [3, 3]


def test_spark_conf_holds_in_the_session_of_the_run(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "found = [spark.conf.get(name) for name in ('spark.sql.shuffle.partitions', 'spark.acme.mode')]",
        "spark.range(10).groupBy('id').count().write.mode('overwrite').saveAsTable('conf_trial')\n"
        "spark.sql('DROP TABLE conf_trial')",
        EXIT,
    )
    settings = {
        "spark.sql.shuffle.partitions": "3",
        "spark.acme.mode": "fast",
        "spark.driver.memory": "64g",
        "spark.sql.warehouse.dir": "/elsewhere",
        "spark.master": "local[*, 4]",
        "spark.databricks.cluster.profile": "singleNode",
        "spark.scheduler.mode": "FAIR",
    }

    run_id = cluster.start(path, sparkConf=settings)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["3", "fast"]
    assert warnings_of(cluster, run_id) == [
        f"spark_conf: {name} is not set: it holds for a whole driver, which all runs share here"
        for name in ("spark.driver.memory", "spark.sql.warehouse.dir")
    ]
    other = cluster.run(
        notebook(
            "found = [spark.conf.get('spark.sql.shuffle.partitions'), spark.conf.get('spark.acme.mode', 'none')]", EXIT
        )
    )
    assert json.loads(other["result"]) == ["8", "none"]


def test_spark_env_vars_reach_the_notebook_its_shell_and_sparks_workers(
    cluster: ClusterProcess, notebook: Write
) -> None:
    path = notebook(
        "import os\nfrom pyspark.sql import functions as F\nread = F.udf(lambda: os.environ.get('MODE'))",
        "# MAGIC %sh\n# MAGIC echo mode $MODE",
        "found = [os.environ['MODE'], spark.range(1).select(read()).first()[0]]",
        EXIT,
    )
    variables = {"MODE": "fast", "PYSPARK_PYTHON": "/databricks/python3/bin/python3"}

    run_id = cluster.start(path, env=variables)
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert json.loads(finished["result"]) == ["fast", "fast"]
    assert "mode fast" in (cluster.output_of(run_id) / "stdout.log").read_text()
    assert warnings_of(cluster, run_id) == [
        "spark_env_vars: PYSPARK_PYTHON is not set: the local cluster needs its own"
    ]
    other = cluster.run(notebook("import os\nfound = 'MODE' in os.environ", EXIT))
    assert json.loads(other["result"]) is False
