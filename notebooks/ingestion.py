# Databricks notebook source
# MAGIC %md
# MAGIC # Ingestion
# MAGIC Reads exactly the files of the batch's manifest into the tables of their sources. Rows that break a rule go to `quarantine`.
# MAGIC Parameters: the seven that every step gets (docs/contracts.md, section 2).

# COMMAND ----------

from batchkeeper.ingest import Ingestion
from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.sources import SCENARIO

# COMMAND ----------

parameters = JobParameters.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)

# COMMAND ----------

result = Ingestion(tables, SCENARIO, parameters).run()

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
