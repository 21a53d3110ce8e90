# Databricks notebook source
# MAGIC %md Training: fits, calibrates and registers one model version with a head for each target and horizon.
# MAGIC Job: `resources/training.job.yml`. Parameters: those of every step, then
# MAGIC `trees`, `depth`, `with_visits`, `costs`.
# COMMAND ----------
import mlflow

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario.load import load_scenario
from batchkeeper.training.step import TrainingSettings, run_training

# COMMAND ----------
mlflow.autolog(disable=True)
parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
settings = TrainingSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_training(tables, scenario, parameters, settings).to_json())
