# Databricks notebook source
# MAGIC %md
# MAGIC # Revoking what a drop covers
# MAGIC For a person: a drop whose name claimed a wrong span no longer counts as covering it, or counts again.
# MAGIC Its rows stay as they are.
# MAGIC Job: `resources/revoke_coverage.job.yml`. Parameters: `source_path`, `reason`, `decided_by`,
# MAGIC `action` (`revoked` or `restored`), `catalog`, `schema`; `run_id` is the job run's own
# MAGIC (docs/contracts.md, section 9).

# COMMAND ----------

from batchkeeper.contract.parameters import text_parameter
from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.journal.revocation import Decision, decide
from batchkeeper.scenario.load import load_scenario

# COMMAND ----------

decision = Decision.from_widgets(dbutils.widgets)
scenario = load_scenario(text_parameter(dbutils.widgets, "scenario"))
tables = Tables(spark, text_parameter(dbutils.widgets, "catalog"), text_parameter(dbutils.widgets, "schema"))

# COMMAND ----------

result = decide(tables, scenario, decision)

# COMMAND ----------

dbutils.notebook.exit(result.to_json())
