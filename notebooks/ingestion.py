# Databricks notebook source
# MAGIC %md
# MAGIC # Ingestion
# MAGIC Reads exactly the files of the batch's manifest into the tables of their sources.
# MAGIC Rows that break a rule go to `quarantine`.
# MAGIC Parameters: those that every step gets (docs/contracts.md, section 2), `allowed_lateness`.

# COMMAND ----------


from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.step import Ingestion, read_lateness
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------

parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
tables = Tables(spark, parameters.catalog, parameters.schema)

# COMMAND ----------

lateness = read_lateness(dbutils.widgets, scenario)
result = Ingestion(tables, scenario, parameters, lateness=lateness).run()

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
