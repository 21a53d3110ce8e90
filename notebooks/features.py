# Databricks notebook source
# MAGIC %md Features: brings the features table up to the watermark and recomputes what late rows can change.
# MAGIC Job: `resources/features.job.yml`. Parameters: those of every step.
# COMMAND ----------
from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.features.step import run_features
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_features(tables, scenario, parameters).to_json())
