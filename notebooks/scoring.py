# Databricks notebook source
# MAGIC %md Scoring: the champion's probabilities, decisions and reasons for the window and for every point
# MAGIC that no scoring has taken yet.
# MAGIC Job: `resources/scoring.job.yml`. Parameters: those of every step, then
# MAGIC `max_model_age_days`, `on_doubt` (score, stop) and `history_policy` (from_first_champion, all).
# COMMAND ----------
from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.scenario.load import load_scenario
from batchkeeper.scoring.step import ScoringSettings, run_scoring

# COMMAND ----------
parameters = JobParameters.from_widgets(dbutils.widgets)
scenario = load_scenario(parameters.scenario)
settings = ScoringSettings.from_widgets(dbutils.widgets)
tables = Tables(spark, parameters.catalog, parameters.schema)
# COMMAND ----------
dbutils.notebook.exit(run_scoring(tables, scenario, parameters, settings).to_json())
