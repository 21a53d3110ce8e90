"""Which rows a model is trained on: all that show a failure ahead, and of the others most where a failure is easily
suspected.
"""

from __future__ import annotations

from pyspark.sql import DataFrame

from batchkeeper.features.grid import AsOfGrid
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import NEXT_VISIT, feature_set
from batchkeeper.tables.features import label_columns
from batchkeeper.training_set.splits import TRAIN

_SLOTS = 1_000_000
_TIMES_SUSPECT = 8
"""How many times the usual fraction is kept of rows just before a visit, or with a failure farther ahead."""
_TIMES_OFF_NORMAL = 5
"""The same of rows where a reading is off the entity's own normal: most such disturbances pass by themselves."""


def _soonest(scenario: Scenario) -> str:
    names = label_columns(scenario)
    return f"least({', '.join(names)})" if len(names) > 1 else names[0]


def _fraction(scenario: Scenario, usual: float) -> str:
    """SQL: which part of the rows like this one is kept."""
    soonest, near = _soonest(scenario), scenario.near_hours
    readings, codes = (
        scenario.readings,
        [f"{code}_count_{min(one.count)}h" for one in scenario.events for code in one.codes],
    )
    # An event without a failure is rare, and all that tells a model not to trust events alone.
    certain = [f"split <> '{TRAIN}'", f"coalesce({soonest} <= {near}, false)"]
    if codes:
        certain.append(f"{' + '.join(codes)} > 0")
    suspect = [f"{soonest} IS NOT NULL"]
    if NEXT_VISIT in feature_set(scenario).names:
        suspect.append(f"coalesce({NEXT_VISIT}, {near}) <= {near}")
    hours = min(
        (one for one in readings.windows.mean if one >= AsOfGrid.of(scenario).step_hours),
        default=readings.windows.mean[-1],
    )
    off_normal = [
        f"abs({one.name}_mean_{hours}h - {one.name}_normal_mean) > {one.name}_normal_sd" for one in scenario.smooth
    ]
    disturbed = (
        f"WHEN coalesce({' OR '.join(off_normal)}, false) THEN {min(1.0, usual * _TIMES_OFF_NORMAL)!r}D"
        if off_normal
        else ""
    )
    return f"""CASE WHEN {" OR ".join(certain)} THEN 1.0D
        WHEN {" OR ".join(suspect)} THEN {min(1.0, usual * _TIMES_SUSPECT)!r}D
        {disturbed} ELSE {usual!r}D END"""


def _teaches(scenario: Scenario) -> str:
    """SQL: whether a row has any reading of late; one without is scored, but nothing is learnt from it."""
    windows = scenario.readings.windows.mean
    hours = max((one for one in windows if one <= scenario.near_hours), default=windows[-1])
    return f"readings_{hours}h > 0"


def sampled(scenario: Scenario, rows: DataFrame, fraction: float, seed: int) -> DataFrame:
    """Adds `weight` and drops rows of the training split, so that the weights make up for those dropped; other splits
    stay whole.

    Args:
        rows: features, hours to failure and `split`.
        fraction: of rows at which nothing suggests a failure; above 0, at most 1.
        seed: of the draw, which hashes key and seed: it does not depend on the order or the layout of the rows.
    """
    slot = f"pmod(xxhash64({scenario.entity.name}, unix_timestamp(as_of), {seed}), {_SLOTS}) AS slot"
    usable = f"(split <> '{TRAIN}' OR {_teaches(scenario)}) AND slot < fraction * {_SLOTS}"
    chosen = rows.selectExpr("*", f"{_fraction(scenario, fraction)} AS fraction", slot).where(usable)
    return chosen.selectExpr("*", "1.0D / fraction AS weight")
