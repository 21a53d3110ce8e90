# Databricks notebook source
# MAGIC %md
# MAGIC # Exploration
# MAGIC An entity before and after a failure, what the labels say at each as-of point, what the model said,
# MAGIC and how good it is.
# MAGIC Not part of a pipeline. Parameters: `catalog`, `schema`, `scenario`;
# MAGIC `entity` (empty: that of the last scored failure).
# MAGIC `npm run explore` runs it on the tables of the last demo and keeps the page.

# COMMAND ----------

from batchkeeper.delta.tables import Tables
from batchkeeper.exploration.page import render
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------

dbutils.widgets.text("catalog", "main")
dbutils.widgets.text("schema", "batchkeeper")
dbutils.widgets.text("scenario", "predictive_maintenance")
dbutils.widgets.text("entity", "")
tables = Tables(spark, dbutils.widgets.get("catalog"), dbutils.widgets.get("schema"))

# COMMAND ----------

scenario = load_scenario(dbutils.widgets.get("scenario"))
page = render(tables, scenario, dbutils.widgets.get("entity"))
displayHTML(page)

# COMMAND ----------

dbutils.notebook.exit(page)
