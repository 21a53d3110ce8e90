"""The five sources of the scenario. Data: one row per machine, machine-hour or event; all times are UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from batchkeeper.coverage import watermark as covered_until
from batchkeeper.sources import HISTORY, INGEST_LOG, QUARANTINE, CoverageRule, Field, Scenario, Source
from batchkeeper.tables import Tables

__all__ = ["COVERAGE", "HISTORY", "INGEST_LOG", "QUARANTINE", "RULES", "SCENARIO", "SOURCES", "TOUCHED", "watermark"]

COVERAGE = CoverageRule(hour=6)
RULES = Path(__file__).with_name("rules.yml")

_MACHINE = Field("machine_id", "int", ("machineID", "machine_id"), "number of the machine")
_TIME = Field("ts", "timestamp", ("datetime", "ts", "timestamp"), "UTC")

MACHINES = Source(
    "machines",
    (_MACHINE, Field("model", "string", ("model",), "model1 to model4"), Field("age", "int", ("age",), "years")),
    key=("machine_id",),
    time=None,
    comment="The fleet; each drop is a full snapshot",
)
TELEMETRY = Source(
    "telemetry",
    (
        _MACHINE,
        _TIME,
        Field("volt", "double", ("volt",), "V, mean of the hour"),
        Field("rotate", "double", ("rotate",), "rpm, mean of the hour"),
        Field("pressure", "double", ("pressure",), "mean of the hour"),
        Field("vibration", "double", ("vibration",), "mean of the hour"),
    ),
    key=("machine_id", "ts"),
    step=timedelta(hours=1),
    comment="Hourly readings",
)
ERRORS = Source(
    "errors",
    (_MACHINE, _TIME, Field("error_id", "string", ("errorID", "error_id"), "error1 to error5")),
    key=("machine_id", "ts", "error_id"),
    comment="Error codes; no machine stops for them",
)
MAINT = Source(
    "maint",
    (_MACHINE, _TIME, Field("comp", "string", ("comp", "component"), "comp1 to comp4")),
    key=("machine_id", "ts", "comp"),
    comment="Component replacements, planned and after failures",
)
FAILURES = Source(
    "failures",
    (_MACHINE, _TIME, Field("comp", "string", ("failure", "comp", "component"), "comp1 to comp4")),
    key=("machine_id", "ts", "comp"),
    comment="Component failures",
)

# The fleet comes first: the other sources are checked against it.
SOURCES: tuple[Source, ...] = (MACHINES, TELEMETRY, ERRORS, MAINT, FAILURES)
SCENARIO = Scenario(SOURCES, COVERAGE, RULES, _MACHINE)
TOUCHED = SCENARIO.touched


def watermark(tables: Tables) -> datetime | None:
    """The latest time (UTC) up to which every required source is covered without a gap, or None while one is missing."""
    return covered_until(tables, SOURCES)
