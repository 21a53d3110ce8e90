"""The shipped scenario by short names, for tests."""

from __future__ import annotations

from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scenario.load import load_scenario
from batchkeeper.tables.ingestion import ingestion_tables
from batchkeeper.tables.results import predictions_table
from batchkeeper.training_set.splits import needed_gap_hours

SCENARIO = load_scenario("predictive_maintenance")
SOURCES = SCENARIO.sources
MACHINES, TELEMETRY, ERRORS, MAINT, FAILURES = SOURCES
COVERAGE, RULES = SCENARIO.coverage, SCENARIO.rules
TABLES = ingestion_tables(SCENARIO)
FEATURE_SET = feature_set(SCENARIO)
FEATURE_NAMES = FEATURE_SET.names
COMPONENTS, HORIZONS, CODES = SCENARIO.targets.names, SCENARIO.hours, SCENARIO.codes
GAP = needed_gap_hours(SCENARIO)
PREDICTIONS = predictions_table(SCENARIO)
SENSORS = tuple(value.name for value in SCENARIO.smooth)
