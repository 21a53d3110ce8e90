# Databricks notebook source
# MAGIC %md
# MAGIC # Monitoring
# MAGIC Compares predictions with the failures that followed, and features with those of the training.
# MAGIC Writes `evaluations`, `drift_metrics`, and a report under `results/<run id>/`.
# MAGIC Parameters: those that every step gets (docs/contracts.md, section 2).

# COMMAND ----------

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.monitoring.step import run_monitoring
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------

parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
tables = Tables(spark, parameters.catalog, parameters.schema)

# COMMAND ----------

result = run_monitoring(tables, scenario, parameters)

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
