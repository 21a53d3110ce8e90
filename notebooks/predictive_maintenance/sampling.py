"""Which rows a model is trained on: all that show a failure ahead, and of the others most where a failure is easily suspected."""

from __future__ import annotations

from pyspark.sql import DataFrame

from predictive_maintenance.feature_set import ERRORS, SENSORS
from predictive_maintenance.labels import FAILS_IN
from predictive_maintenance.splits import TRAIN

_SLOTS = 1_000_000
_NEAR_HOURS = 48
_TIMES_SUSPECT = 8
"""How many times the usual fraction is kept of rows just before a visit, or with a failure farther ahead."""
_TIMES_OFF_NORMAL = 5
"""The same of rows where a sensor is off the machine's normal: most such disturbances pass by themselves."""


def _fraction(usual: float) -> str:
    soonest = f"least({', '.join(FAILS_IN)})"
    errors = " + ".join(f"{error}_count_24h" for error in ERRORS)
    off_normal = " OR ".join(f"abs({sensor}_mean_12h - {sensor}_normal_mean) > {sensor}_normal_sd" for sensor in SENSORS)
    suspect = f"{soonest} IS NOT NULL OR coalesce(hours_to_next_visit, {_NEAR_HOURS}) <= {_NEAR_HOURS}"
    # An error without a failure is rare, and all that tells a model not to trust errors alone.
    return f"""CASE WHEN split <> '{TRAIN}' OR coalesce({soonest} <= {_NEAR_HOURS}, false) OR {errors} > 0 THEN 1.0D
        WHEN {suspect} THEN {min(1.0, usual * _TIMES_SUSPECT)!r}D
        WHEN coalesce({off_normal}, false) THEN {min(1.0, usual * _TIMES_OFF_NORMAL)!r}D ELSE {usual!r}D END"""


def sampled(rows: DataFrame, fraction: float, seed: int) -> DataFrame:
    """Adds `weight` and drops rows of the training split, so that the weights make up for those dropped; other splits stay whole.

    Args:
        rows: features, hours to failure and `split`.
        fraction: of rows at which nothing suggests a failure; above 0, at most 1.
        seed: of the draw, which hashes key and seed: it does not depend on the order or the layout of the rows.
    """
    slot = f"pmod(xxhash64(machine_id, unix_timestamp(as_of), {seed}), {_SLOTS}) AS slot"
    # A machine without any reading in two days teaches nothing; it is still scored.
    usable = f"(split <> '{TRAIN}' OR readings_48h > 0) AND slot < fraction * {_SLOTS}"
    return rows.selectExpr("*", f"{_fraction(fraction)} AS fraction", slot).where(usable).selectExpr("*", "1.0D / fraction AS weight")
