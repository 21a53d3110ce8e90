# Databricks notebook source
# MAGIC %md
# MAGIC # Revoking what a drop covers
# MAGIC For a person: a drop whose name claimed a wrong span no longer counts as covering it, or counts again. Its rows stay as they are.
# MAGIC Job: `resources/revoke_coverage.job.yml`. Parameters: `source_path`, `reason`, `decided_by`, `action` (`revoked` or `restored`),
# MAGIC `catalog`, `schema`; `run_id` is the job run's own (docs/contracts.md, section 9).

# COMMAND ----------

from batchkeeper.parameters import text_parameter
from batchkeeper.revocation import Decision, decide
from batchkeeper.tables import Tables
from predictive_maintenance.sources import SCENARIO

# COMMAND ----------

decision = Decision.from_widgets(dbutils.widgets)
tables = Tables(spark, text_parameter(dbutils.widgets, "catalog"), text_parameter(dbutils.widgets, "schema"))

# COMMAND ----------

result = decide(tables, SCENARIO, decision)

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
