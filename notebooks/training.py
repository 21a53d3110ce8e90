# Databricks notebook source
# MAGIC %md Training: fits, calibrates and registers one model version with twelve heads (four components, three horizons).
# MAGIC Job: `resources/training.job.yml`. Parameters: the seven of every step, then `trees`, `depth`, `with_visits`, `costs`.
# COMMAND ----------
import mlflow

from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.training import TrainingSettings, run_training

# COMMAND ----------
mlflow.autolog(disable=True)
parameters = JobParameters.from_widgets(dbutils.widgets)
settings = TrainingSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_training(tables, parameters, settings).to_json())
