# Databricks notebook source
# MAGIC %md
# MAGIC # Exploration
# MAGIC A machine before and after a failure, what the labels say at each as-of point, what the model said, and how good it is.
# MAGIC Not part of a pipeline. Parameters: `catalog`, `schema`; `machine_id` (empty: the machine of the last scored failure).
# MAGIC `npm run explore` runs it on the tables of the last demo and keeps the page.

# COMMAND ----------

from batchkeeper.tables import Tables
from predictive_maintenance.exploration import render

# COMMAND ----------

dbutils.widgets.text("catalog", "main")
dbutils.widgets.text("schema", "batchkeeper")
dbutils.widgets.text("machine_id", "")
tables = Tables(spark, dbutils.widgets.get("catalog"), dbutils.widgets.get("schema"))

# COMMAND ----------

page = render(tables, int(dbutils.widgets.get("machine_id") or 0))
displayHTML(page)

# COMMAND ----------

dbutils.notebook.exit(page)
