# Databricks notebook source
# MAGIC %md
# MAGIC # Monitoring
# MAGIC Compares predictions with the failures that followed, and features with those of the training. Writes `evaluations`,
# MAGIC `drift_metrics`, and a report under `results/<run id>/`.
# MAGIC Parameters: the seven that every step gets (docs/contracts.md, section 2).

# COMMAND ----------

from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.monitoring import run_monitoring

# COMMAND ----------

parameters = JobParameters.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)

# COMMAND ----------

result = run_monitoring(tables, parameters)

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
