"""Predictive maintenance: which component of which machine fails next. Hourly readings, error codes, a maintenance
calendar.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from batchkeeper.scenario import (
    Baseline,
    Clock,
    Entity,
    Events,
    Fact,
    Fleet,
    Grid,
    Horizon,
    Maintenance,
    Normal,
    Reading,
    Readings,
    Scenario,
    Slice,
    Targets,
    Windows,
    Words,
)

COMPONENTS = ("comp1", "comp2", "comp3", "comp4")

# All codes of a component are seen in the day before its failure.
ANNOUNCED_BY = {
    "comp1": "error1_count_24h > 0",
    "comp2": "error2_count_24h > 0 AND error3_count_24h > 0",
    "comp3": "error4_count_24h > 0",
    "comp4": "error5_count_24h > 0",
}


def _at_visit(target: str, rate: float, least_age_days: int, when: str = "true") -> str:
    """The known failure rate when a visit lies inside the horizon and the component is old enough then, else next to
    nothing.
    """
    old = f"{target}_age_hours + hours_to_next_visit >= {least_age_days * 24}"
    return f"CASE WHEN {when} AND {old} AND hours_to_next_visit <= {{horizon}} THEN {rate}D ELSE 0.0005D END"


SCENARIO = Scenario(
    name="predictive_maintenance",
    feature_set_version="1",
    rules=Path(__file__).with_name("rules.yml"),
    entity=Entity("machine_id", "int", "machine", ("machineID", "machine_id"), "number of the machine"),
    clock=Clock(headers=("datetime", "ts", "timestamp"), day_begins=6),
    grid=Grid(every=timedelta(hours=12), offset=timedelta(hours=6)),
    fleet=Fleet(
        "machines",
        facts=(
            Fact(
                "model",
                "string",
                feature="machine_model",
                categories=("model1", "model2", "model3", "model4"),
                comment="model1 to model4",
            ),
            Fact("age", "int", feature="machine_age_years", comment="years"),
        ),
        comment="The fleet; each drop is a full snapshot",
    ),
    readings=Readings(
        "telemetry",
        step=timedelta(hours=1),
        values=(
            Reading("volt", "V", comment="V, mean of the hour"),
            Reading("rotate", "rpm", comment="rpm, mean of the hour"),
            Reading("pressure", "bar", comment="mean of the hour"),
            Reading("vibration", "mm/s", comment="mean of the hour"),
        ),
        windows=Windows(mean=(1, 3, 12, 24, 48), spread=(12, 24, 48), deviation=(24,), fresh=3),
        normal=Normal(hours=720, gap_hours=48),
        comment="Hourly readings",
    ),
    events=(
        Events(
            "errors",
            column="error_id",
            headers=("errorID", "error_id"),
            codes=("error1", "error2", "error3", "error4", "error5"),
            count=(24, 48),
            comment="Error codes; no machine stops for them",
        ),
    ),
    maintenance=Maintenance(
        "maint",
        column="comp",
        headers=("comp", "component"),
        visit_every=timedelta(days=15),
        comment="Component replacements, planned and after failures",
    ),
    targets=Targets(
        "failures",
        names=COMPONENTS,
        column="comp",
        headers=("failure", "comp", "component"),
        called="component",
        comment="Component failures",
    ),
    horizons=(
        Horizon(24, missed=1500, needless=1000),  # stop the machine today and replace the part
        Horizon(48, missed=1500, needless=1000),
        Horizon(168, missed=1500, needless=300, acted_on=False),  # have part and technician ready for the next visit
    ),
    rule=Baseline("rule", ANNOUNCED_BY),
    baselines=(
        Baseline(
            "eligibility",
            {
                "comp1": _at_visit("comp1", 0.143, 45),
                "comp2": _at_visit("comp2", 0.144, 30),
                "comp3": _at_visit("comp3", 0.284, 45, "machine_model IN ('model1', 'model2')"),
                "comp4": _at_visit("comp4", 0.282, 45, "machine_age_years >= 14"),
            },
        ),
    ),
    slices=(
        Slice("machine_model"),
        Slice(
            "machine_age_years",
            bands=(("0-6 years", 0, 6), ("7-13 years", 7, 13), ("14 years and over", 14, 999)),
        ),
    ),
    words=Words(facts="machine type {model} of {age} years"),
)
