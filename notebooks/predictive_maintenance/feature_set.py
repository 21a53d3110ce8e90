"""The feature set: which features exist, what each looks back on, and how far late data can reach into it.

One definition serves training and scoring. A feature is known by its name; the version changes with any change of a definition.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

FEATURE_SET_VERSION = "1"

SENSORS = ("volt", "rotate", "pressure", "vibration")
ERRORS = ("error1", "error2", "error3", "error4", "error5")
COMPONENTS = ("comp1", "comp2", "comp3", "comp4")

GRID_HOURS = 12
"""Hours between two as-of points; the grid is 06:00 and 18:00 UTC."""
GRID_OFFSET_HOURS = 6
NORMAL_HOURS = 720
"""The machine's own normal is taken from the readings in (T - 720 h, T - 48 h]."""
NORMAL_GAP_HOURS = 48
VISIT_PERIOD_DAYS = 15
"""Machines are visited for maintenance every 15 days, each on its own phase."""

MEAN_WINDOWS = (1, 3, 12, 24, 48)
SPREAD_WINDOWS = (12, 24, 48)
DEVIATION_WINDOWS = (24,)
COUNT_WINDOWS = (24, 48)

UNBOUNDED = None


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: column of the features table and input column of the model.
        type: Spark SQL type of the column.
        source: table whose rows it reads.
        window_hours: how far back it looks; None when it looks back without end.
        fill: what the model is given for null, which every family also says in a column of its own.
        family: features that say the same thing of one cause; reasons are given per family.
    """

    name: str
    type: str
    source: str
    window_hours: int | None
    fill: float
    family: str

    @property
    def reach_hours(self) -> int | None:
        """A row at time t can change this feature for as-of times in [t, t + reach); None: for every later one."""
        return self.window_hours


def _telemetry() -> list[Feature]:
    found = []
    for sensor in SENSORS:
        found += [Feature(f"{sensor}_mean_{hours}h", "float", "telemetry", hours, -1, sensor) for hours in MEAN_WINDOWS]
        found += [Feature(f"{sensor}_sd_{hours}h", "float", "telemetry", hours, -1, sensor) for hours in SPREAD_WINDOWS]
        found += [Feature(f"{sensor}_deviation_{hours}h", "float", "telemetry", NORMAL_HOURS, 0, sensor) for hours in DEVIATION_WINDOWS]
        found += [Feature(f"{sensor}_normal_{what}", "float", "telemetry", NORMAL_HOURS, -1, sensor) for what in ("mean", "sd")]
    found += [Feature(f"readings_{hours}h", "int", "telemetry", hours, 0, "readings") for hours in MEAN_WINDOWS]
    return [*found, Feature("readings_normal", "int", "telemetry", NORMAL_HOURS, 0, "readings")]


def _events() -> list[Feature]:
    found = []
    for error in ERRORS:
        found += [Feature(f"{error}_count_{hours}h", "int", "errors", hours, 0, error) for hours in COUNT_WINDOWS]
        found.append(Feature(f"{error}_hours_since", "float", "errors", NORMAL_HOURS, NORMAL_HOURS, error))
    for component in COMPONENTS:
        found.append(Feature(f"{component}_age_hours", "float", "maint", UNBOUNDED, -1, f"{component}_age"))
        found.append(Feature(f"{component}_never_replaced", "int", "maint", UNBOUNDED, 1, f"{component}_age"))
    return found


VISIT_FEATURES = (
    Feature("hours_to_next_visit", "float", "maint", UNBOUNDED, -1, "visit"),
    Feature("visit_unknown", "int", "maint", UNBOUNDED, 1, "visit"),
)
"""Legitimate, since the maintenance calendar is known, but flattered by the generator: metrics without them are always published."""

MACHINE_FEATURES = (
    Feature("machine_model", "string", "machines", UNBOUNDED, 0, "machine"),
    Feature("machine_age_years", "int", "machines", UNBOUNDED, -1, "machine"),
)

FEATURES: tuple[Feature, ...] = (*_telemetry(), *_events(), *VISIT_FEATURES, *MACHINE_FEATURES)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


def reach_hours(source: str) -> int | None:
    """The furthest that a row of `source` reaches into later as-of times; None: without end."""
    reaches = [feature.reach_hours for feature in FEATURES if feature.source == source]
    if not reaches:
        raise ValueError(f"no feature reads the source {source!r}")
    bounded = [hours for hours in reaches if hours is not None]
    return max(bounded) if len(bounded) == len(reaches) else None


def longest_window_hours() -> int:
    """The longest bounded window of any feature, which the gap between two splits must cover."""
    return max(feature.window_hours for feature in FEATURES if feature.window_hours is not None)


def schema_hash() -> str:
    """A hash of version, names and types in order; stored with a model and compared before each scoring."""
    described = [FEATURE_SET_VERSION, *([feature.name, feature.type] for feature in FEATURES)]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]
