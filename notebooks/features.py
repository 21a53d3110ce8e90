# Databricks notebook source
# MAGIC %md Features: brings the features table up to the watermark and recomputes what late rows can change.
# MAGIC Job: `resources/features.job.yml`. Parameters: the seven of every step.
# COMMAND ----------
from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.feature_store import run_features

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_features(tables, parameters).to_json())
