# Databricks notebook source
# MAGIC %md Evaluation: metrics on held-out time beside the baselines, the gate, and the alias `champion`.
# MAGIC Job: `resources/evaluation.job.yml`. Parameters: the seven of every step, then `gate_mode` (disabled, dry_run, enabled), `costs`,
# MAGIC `max_calibration_error`, `max_slice_f1_drop`.
# COMMAND ----------
import mlflow

from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.evaluation import EvaluationSettings, run_evaluation

# COMMAND ----------
mlflow.autolog(disable=True)
parameters = JobParameters.from_widgets(dbutils.widgets)
settings = EvaluationSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_evaluation(tables, parameters, settings).to_json())
