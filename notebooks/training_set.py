# Databricks notebook source
# MAGIC %md Training set: labels up to the watermark, pinned table versions, rows of train, validation and test.
# MAGIC Job: `resources/training_set.job.yml`. Parameters: the seven of every step (window = as-of times to learn from), then
# MAGIC `validation_days`, `test_days`, `gap_hours`, `negative_fraction`, `seed`.
# COMMAND ----------
from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.training_set import TrainingSetSettings, run_training_set

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
settings = TrainingSetSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_training_set(tables, parameters, settings).to_json())
