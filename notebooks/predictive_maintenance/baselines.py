"""What a model must beat: the error-code rule, the eligibility table, and saying nothing."""

from __future__ import annotations

from collections.abc import Mapping

from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.metrics import Head

ANNOUNCING_ERRORS: Mapping[str, tuple[str, ...]] = {
    "comp1": ("error1",),
    "comp2": ("error2", "error3"),
    "comp3": ("error4",),
    "comp4": ("error5",),
}
"""Error codes that all appear in the day before a failure of the component."""

_MIN_AGE_DAYS = {"comp1": 45, "comp2": 30, "comp3": 45, "comp4": 45}
_RATE = {"comp1": 0.143, "comp2": 0.144, "comp3": 0.284, "comp4": 0.282}
_ELSEWHERE = 0.0005


def rule_probabilities() -> dict[Head, str]:
    """SQL: 1 when all announcing errors of the component were seen in the last 24 h, at every horizon."""
    found: dict[Head, str] = {}
    for component in COMPONENTS:
        seen = " AND ".join(f"{error}_count_24h > 0" for error in ANNOUNCING_ERRORS[component])
        found |= {(component, horizon): f"CAST({seen} AS DOUBLE)" for horizon in HORIZONS}
    return found


def eligibility_probabilities() -> dict[Head, str]:
    """SQL: the known failure rate when a visit lies inside the horizon and the component is old enough then, else next to nothing."""
    may_fail = {"comp3": "machine_model IN ('model1', 'model2')", "comp4": "machine_age_years >= 14"}
    found = {}
    for component in COMPONENTS:
        old = f"{component}_age_hours + hours_to_next_visit >= {_MIN_AGE_DAYS[component] * 24}"
        for horizon in HORIZONS:
            eligible = f"{may_fail.get(component, 'true')} AND {old} AND hours_to_next_visit <= {horizon}"
            found[component, horizon] = f"CASE WHEN {eligible} THEN {_RATE[component]}D ELSE {_ELSEWHERE}D END"
    return found
