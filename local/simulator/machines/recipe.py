"""The figures of the generator: what one faithful machine looks like. Shifts in sensor units, ages in days, rates per
machine-year.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_PER_YEAR = 8760.0

MODELS = ("model1", "model2", "model3", "model4")
MODEL_SHARES = (0.085, 0.186, 0.415, 0.314)
MAX_MACHINE_AGE_YEARS = 20

VISIT_EVERY_DAYS = 15
# How many components one visit replaces: none, one or two. Mean 1.17, hence .29 for each of the four.
REPLACED_AT_VISIT = (0.121, 0.588, 0.291)
REPLACEMENT_PROBABILITY = 0.29
# Before the first day each component has one replacement record, at one of these ages.
INITIAL_AGES_DAYS = tuple(range(4, 215, VISIT_EVERY_DAYS))

STEP_HOURS = 48  # readings F-48 .. F, both included, are shifted
ERROR_LEAD_HOURS = 24
BACKGROUND_ERRORS_PER_YEAR = 2.92
BACKGROUND_ERROR_SHARES = (0.31, 0.245, 0.193, 0.206, 0.05)  # error1 .. error5
DECOYS_PER_SENSOR_YEAR = 5.0

ARTEFACT_HOURS = 21  # start-up artefacts fail this long after the first reading

ERRORS = ("error1", "error2", "error3", "error4", "error5")


@dataclass(frozen=True)
class Sensor:
    """An hourly reading: independent normal draws."""

    name: str
    mean: float
    sd: float


@dataclass(frozen=True)
class Component:
    """A part that fails: its step, its error codes, and when it can fail at all."""

    name: str
    sensor: int
    shift: float
    shift_sd: float
    errors: tuple[int, ...]
    hazard: float
    min_age_days: int
    models: tuple[str, ...]
    min_machine_age_years: int
    artefact_probability: float

    def eligible(self, model: str, machine_age_years: int) -> bool:
        """Whether a machine of this model and age ever loses this component."""
        return model in self.models and machine_age_years >= self.min_machine_age_years


SENSORS = (Sensor("volt", 170, 15), Sensor("rotate", 450, 50), Sensor("pressure", 100, 10), Sensor("vibration", 40, 5))

_NEWER = ("model5",)  # appears in the extended profile only
COMPONENTS = (
    Component("comp1", 0, 20.0, 1.5, (1,), 0.143, 45, MODELS + _NEWER, 0, 0.046),
    Component("comp2", 1, -78.0, 6.0, (2, 3), 0.144, 30, MODELS + _NEWER, 0, 0.080),
    Component("comp3", 2, 25.0, 1.15, (4,), 0.284, 45, ("model1", "model2", *_NEWER), 0, 0.074),
    Component("comp4", 3, 10.0, 0.5, (5,), 0.282, 45, MODELS + _NEWER, 14, 0.120),
)
