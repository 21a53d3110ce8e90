"""What a model must beat: the error-code rule, the eligibility table, and saying nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as sf

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


def rule_probabilities() -> dict[Head, Column]:
    """1 when all announcing errors of the component were seen in the last 24 h, at every horizon."""
    found = {}
    for component in COMPONENTS:
        seen = sf.lit(True)
        for error in ANNOUNCING_ERRORS[component]:
            seen = seen & (sf.col(f"{error}_count_24h") > 0)
        for horizon in HORIZONS:
            found[component, horizon] = seen.cast("double")
    return found


def eligibility_probabilities() -> dict[Head, Column]:
    """The known failure rate at a visit when one lies inside the horizon and the component is old enough then, else next to nothing."""
    found = {}
    for component in COMPONENTS:
        may_fail = sf.lit(True)
        if component == "comp3":
            may_fail = sf.col("machine_model").isin("model1", "model2")
        if component == "comp4":
            may_fail = sf.col("machine_age_years") >= 14
        visit = sf.col("hours_to_next_visit")
        old = sf.col(f"{component}_age_hours") + visit >= _MIN_AGE_DAYS[component] * 24
        for horizon in HORIZONS:
            eligible = sf.coalesce(may_fail & old & (visit <= horizon), sf.lit(False))
            found[component, horizon] = sf.when(eligible, _RATE[component]).otherwise(_ELSEWHERE)
    return found
