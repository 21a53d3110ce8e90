# Databricks notebook source
# MAGIC %md Evaluation: metrics on held-out time beside the baselines, the gate, and the alias `champion`.
# MAGIC Job: `resources/evaluation.job.yml`. Parameters: those of every step, then
# MAGIC `gate_mode` (disabled, dry_run, enabled), `costs`, `max_calibration_error`, `max_slice_f1_drop`.
# COMMAND ----------
import mlflow

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.evaluation.step import EvaluationSettings, run_evaluation
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------
mlflow.autolog(disable=True)
parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
settings = EvaluationSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_evaluation(tables, scenario, parameters, settings).to_json())
