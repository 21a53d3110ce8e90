# Databricks notebook source
# MAGIC %md Training set: labels up to the watermark, pinned table versions, rows of train, validation and test.
# MAGIC Job: `resources/training_set.job.yml`. Parameters: those of every step
# MAGIC (window = as-of times to learn from), then `validation_days`, `test_days`, `gap_hours`,
# MAGIC `negative_fraction`, `seed`.
# COMMAND ----------
from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario.load import load_scenario
from batchkeeper.training_set.step import TrainingSetSettings, run_training_set

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
settings = TrainingSetSettings.from_widgets(dbutils.widgets, scenario)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_training_set(tables, scenario, parameters, settings).to_json())
