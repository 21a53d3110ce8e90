# Databricks notebook source
# MAGIC %md Scoring: the champion's probabilities, decisions and reasons for the window and for every point that no scoring has taken yet.
# MAGIC Job: `resources/scoring.job.yml`. Parameters: the seven of every step, then `max_model_age_days`, `on_doubt` (score, stop) and
# MAGIC `history_policy` (from_first_champion, all).
# COMMAND ----------
from batchkeeper.parameters import JobParameters
from batchkeeper.tables import Tables
from predictive_maintenance.scoring import ScoringSettings, run_scoring

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
settings = ScoringSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_scoring(tables, parameters, settings).to_json())
