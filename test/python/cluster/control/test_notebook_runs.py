"""What a notebook can do, and what the server hears of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cluster_process import ClusterProcess, Write


def test_exits_with_a_value_and_prefers_passed_parameters(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "import json\ndbutils.widgets.text('a', 'default')\ndbutils.widgets.dropdown('b', 'x', ['x', 'y'])",
        "values = [dbutils.widgets.get('a'), dbutils.widgets.get('b'), dbutils.widgets.get('c'), "
        "getArgument('d', 'none')]",
        "try:\n    dbutils.notebook.exit(json.dumps([*values, spark.range(5).count()]))\nexcept Exception:\n    raise",
        "raise RuntimeError('cells after the exit do not run')",
    )

    finished = cluster.run(path, {"a": "passed", "c": "undeclared"})

    assert finished["outcome"] == "success"
    assert json.loads(finished["result"]) == ["passed", "x", "undeclared", "none", 5]
    assert finished["truncated"] is False


def test_attaches_to_the_warm_jvm_in_little_time(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook("dbutils.notebook.exit(7)")
    cluster.run(path)

    run_id = cluster.start(path)

    assert cluster.finished(run_id)["result"] == "7"
    assert cluster.started(run_id)["setupMs"] < 5000


def test_reports_an_exception_with_the_lines_of_the_notebook(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook("print('before')", "def fail(x):\n    raise ValueError(f'no {x}')", "fail('luck')")

    run_id = cluster.start(path)
    finished = cluster.finished(run_id)

    assert (finished["outcome"], finished["error"]) == ("failed", "ValueError: no luck")
    assert f"File \"{path}\", line 11, in <module>\n    fail('luck')" in finished["errorTrace"]
    assert f'File "{path}", line 7, in fail\n' in finished["errorTrace"]
    assert "cluster/" not in finished["errorTrace"]
    assert (cluster.output_of(run_id) / "stdout.log").read_text() == "before\n"
    assert "ValueError: no luck" in (cluster.output_of(run_id) / "stderr.log").read_text()


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("dbutils.widgets.get('missing')", "InputWidgetNotDefined: No input widget named missing is defined"),
        ("spark.table('no_such_table').count()", "AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]"),
        ("# MAGIC %scala println(1)", "NotebookSyntaxError: {path}:2: %scala cells are not supported here"),
        ("# MAGIC %magick", "NotebookSyntaxError: {path}:2: unknown magic %magick"),
        ("# MAGIC %run ./nowhere", "NotebookSyntaxError: {path}:2: %run: there is no notebook"),
        ("# MAGIC %run ./notebook", "NotebookSyntaxError: {path}:2: %run of notebook.py would run it inside itself"),
        ("x = = 1", "SyntaxError: invalid syntax (notebook.py, line 2)"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("import os\nos._exit(3)", "NotebookProcessExitedError: the notebook process ended itself with code 3"),
    ],
)
def test_names_the_fault(cluster: ClusterProcess, notebook: Write, cell: str, error: str) -> None:
    path = notebook(cell)

    finished = cluster.run(path)

    assert finished["outcome"] == "failed"
    assert finished["error"].startswith(error.format(path=path))


def test_reports_a_missing_notebook(cluster: ClusterProcess, tmp_path: Path) -> None:
    finished = cluster.run(tmp_path / "missing.py")

    assert finished["outcome"] == "failed"
    assert f"No such file or directory: '{tmp_path / 'missing.py'}'" in finished["error"]


def test_runs_magics_and_other_notebooks_in_one_namespace(
    cluster: ClusterProcess, notebook: Write, tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    notebook(
        "dbutils.widgets.text('n', '1')\nshared = int(dbutils.widgets.get('n'))",
        "# MAGIC %run ./deeper",
        name="inner/other.py",
    )
    notebook("shared += 1\nassert __name__ == '__main__'", name="inner/deeper.py")
    (tmp_path / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    path = notebook(
        "# MAGIC %conda install anything",
        '# MAGIC %run ./inner/other $n="41"',
        "# MAGIC %sql\n# MAGIC CREATE TEMP VIEW v AS SELECT id FROM range(3); -- a; b\n# MAGIC SELECT count(*) "
        "n FROM v WHERE id < :bound",
        "found = _sqldf.first().n",
        "# MAGIC %sh -e\n# MAGIC echo from the shell; pwd",
        "# MAGIC %python\n# MAGIC later = found + 1",
        "import helper\nfrom pyspark.sql import functions as F\n%matplotlib inline\n"
        "quadruple = F.udf(lambda x: helper.double(2 * x), 'long')\n"
        "total = spark.range(4).select(F.sum(quadruple('id'))).first()[0]\nshared, found, later, total",
        "dbutils.notebook.exit(f'{shared} {found} {later} {total}')",
    )

    run_id = cluster.start(path, {"bound": "2"})
    finished = cluster.finished(run_id)

    assert finished.get("error") is None
    assert finished["result"] == "42 2 3 24"
    printed = (cluster.output_of(run_id) / "stdout.log").read_text()
    assert f"from the shell\n{tmp_path}\n" in printed
    assert "(42, 2, 3, 24)" in printed
    assert "%conda install anything ignored" in (cluster.output_of(run_id) / "stderr.log").read_text()


def test_cuts_an_exit_value_beyond_five_megabytes(cluster: ClusterProcess, notebook: Write) -> None:
    finished = cluster.run(notebook("dbutils.notebook.exit('é' * 3_000_000)"))

    assert finished["truncated"] is True
    assert finished["result"] == "é" * (5 * 1024 * 1024 // 2)


def test_restarts_python_between_cells(cluster: ClusterProcess, notebook: Write, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("value = 1\n")
    path = notebook(
        "import module\nmodule.value = 2\nkept = True\ndbutils.library.restartPython()\nraise RuntimeError",
        "import module\ndbutils.notebook.exit(f\"{'kept' in globals()} {module.value}\")",
    )

    assert cluster.run(path)["result"] == "False 1"


def test_cannot_harm_its_neighbours(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "spark.conf.set('spark.sql.shuffle.partitions', '3')\nspark.range(1).createOrReplaceTempView('mine')",
        "spark.catalog.clearCache()\nspark.sparkContext.stop()\nspark.stop()",
        "from pyspark.sql import SparkSession\nagain = SparkSession.builder.config('spark.x', '1').getOrCreate()",
        "dbutils.notebook.exit(again.table('mine').count())",
    )
    look = notebook(
        "views = [table.name for table in spark.catalog.listTables()]",
        "dbutils.notebook.exit(f\"{'mine' in views} {spark.conf.get('spark.sql.shuffle.partitions')}\")",
        name="look.py",
    )

    assert cluster.run(path)["result"] == "1"
    jvm = cluster.jvm_pid()
    assert cluster.run(look)["result"] == "False 8"
    assert cluster.jvm_pid() == jvm


def test_keeps_mlflow_in_the_state_folder(cluster: ClusterProcess, notebook: Write) -> None:
    path = notebook(
        "import mlflow\nmlflow.set_experiment('/Shared/trial')",
        "with mlflow.start_run() as run:\n    mlflow.log_text('hello', 'note.txt')",
        "dbutils.notebook.exit(run.info.artifact_uri)",
    )

    finished = cluster.run(path)

    assert finished["result"].startswith((cluster.state / "mlflow" / "artifacts").as_uri())
    assert list((cluster.state / "mlflow" / "artifacts").rglob("note.txt"))


def test_a_model_of_spark_goes_to_the_registry_and_back(cluster: ClusterProcess, notebook: Write) -> None:
    """Spark writes and reads it in DBFS, MLflow copies it from and to folders of the machine."""
    path = notebook(
        "from pyspark.ml import Pipeline\nfrom pyspark.ml.feature import VectorAssembler\nimport mlflow, mlflow.spark",
        "frame = spark.range(20).withColumnRenamed('id', 'x')\n"
        "model = Pipeline(stages=[VectorAssembler(inputCols=['x'], outputCol='v')]).fit(frame)",
        "with mlflow.start_run():\n    mlflow.spark.log_model(model, artifact_path='model', "
        "registered_model_name='main.trial.assembler',"
        " pip_requirements=['numpy'])",
        "loaded = mlflow.spark.load_model('models:/main.trial.assembler/1')",
        "model.write().overwrite().save('/models/assembler')\nfrom pyspark.ml import PipelineModel\n"
        "again = PipelineModel.load('dbfs:/models/assembler')",
        "dbutils.notebook.exit(loaded.transform(frame).count() + again.transform(frame).count())",
    )

    finished = cluster.run(path)

    assert finished.get("error") is None
    assert finished["result"] == "40"
    assert (cluster.state / "dbfs" / "models" / "assembler" / "metadata").is_dir()
