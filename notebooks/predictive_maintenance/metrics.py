"""Metrics of probabilities and decisions, from one aggregation over the scored rows; nothing is read by position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.labels import HORIZONS, label

BINS = 20
_FLOOR = 1e-6
"""Probabilities are cut off here in the log-loss, so that one miss costs no infinity."""

AGE_BANDS = (("0-6 years", 0, 6), ("7-13 years", 7, 13), ("14 years and over", 14, 999))
Head = tuple[str, int]


@dataclass(frozen=True)
class Tally:
    """Sums over rows of one head, slice and probability bin."""

    rows: float = 0
    positives: float = 0
    true_alerts: float = 0
    false_alerts: float = 0
    probability: float = 0
    brier: float = 0
    log_loss: float = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Tally)))

    @property
    def missed(self) -> float:
        """Failures without an alert."""
        return self.positives - self.true_alerts

    def quality(self) -> dict[str, float]:
        """Precision, recall, F1 (0 when undefined), Brier score and log-loss."""
        alerts = self.true_alerts + self.false_alerts
        return {
            "precision": self.true_alerts / alerts if alerts else 0.0,
            "recall": self.true_alerts / self.positives if self.positives else 0.0,
            "f1": 2 * self.true_alerts / (alerts + self.positives) if alerts + self.positives else 0.0,
            "brier": self.brier / self.rows if self.rows else 0.0,
            "log_loss": self.log_loss / self.rows if self.rows else 0.0,
        }


@dataclass(frozen=True)
class Cell:
    """A tally and where it belongs."""

    component: str
    horizon: int
    machine_model: str
    age_band: str
    bin: int
    tally: Tally


@dataclass(frozen=True)
class Scores:
    """All cells of one predictor on one set of rows."""

    cells: tuple[Cell, ...]

    def total(self, keep: Callable[[Cell], bool]) -> Tally:
        """The sum over the cells to keep."""
        return sum((cell.tally for cell in self.cells if keep(cell)), Tally())

    def micro(self, horizon: int) -> Tally:
        """All components together at one horizon."""
        return self.total(lambda cell: cell.horizon == horizon)

    def head(self, component: str, horizon: int) -> Tally:
        """One component at one horizon."""
        return self.total(lambda cell: (cell.component, cell.horizon) == (component, horizon))

    def bins(self, component: str, horizon: int) -> tuple[Tally, ...]:
        """One component at one horizon, by equal bins of probability; empty bins are left out."""
        found: dict[int, Tally] = {}
        for cell in self.cells:
            if (cell.component, cell.horizon) == (component, horizon):
                found[cell.bin] = found.get(cell.bin, Tally()) + cell.tally
        return tuple(found.values())

    def calibration_error(self, component: str, horizon: int) -> float:
        """Expected calibration error over 20 equal bins of probability."""
        bins = self.bins(component, horizon)
        rows = sum(tally.rows for tally in bins)
        return sum(abs(tally.probability - tally.positives) for tally in bins) / rows if rows else 0.0

    def slices(self, horizon: int) -> dict[str, Tally]:
        """All components together per machine model and per age band."""
        found: dict[str, Tally] = {}
        for cell in self.cells:
            if cell.horizon == horizon:
                for name in (cell.machine_model, cell.age_band):
                    found[name] = found.get(name, Tally()) + cell.tally
        return found


def age_band() -> str:
    """SQL: the age band of a machine."""
    age = "machine_age_years"
    bands = [f"WHEN {age} BETWEEN {low} AND {high} THEN '{name}'" for name, low, high in AGE_BANDS]
    return f"CASE {' '.join(bands)} ELSE 'unknown age' END"


Predictor = tuple[Mapping[Head, str], Mapping[int, float]]
"""Probabilities per head as SQL, and the threshold of an alert per horizon."""

_KEYS = ("predictor", "component", "horizon", "machine_model", "age_band", "bin")
_SUMS = {
    "rows": "count(*)",
    "positives": "sum(y)",
    "true_alerts": "sum(CASE WHEN p >= threshold THEN y ELSE 0 END)",
    "false_alerts": "sum(CASE WHEN p >= threshold THEN 1 - y ELSE 0 END)",
    "probability": "sum(p)",
    "brier": "sum((p - y) * (p - y))",
    "log_loss": "sum(-ln(CASE WHEN y > 0 THEN bounded ELSE 1 - bounded END))",
}


def tally_scores(rows: DataFrame, probabilities: Mapping[Head, str], thresholds: Mapping[int, float]) -> Scores:
    """Scores of one predictor over rows with features and hours to failure. One Spark job."""
    return tally_predictors(rows, {"one": (probabilities, thresholds)})["one"]


def tally_predictors(rows: DataFrame, predictors: Mapping[str, Predictor]) -> dict[str, Scores]:
    """Scores of several predictors, by name, over the same rows with features and hours to failure. One Spark job."""
    heads = [
        f"struct('{name}' AS predictor, '{component}' AS component, {horizon} AS horizon, {thresholds[horizon]!r}D AS threshold, "
        f"CAST({probabilities[component, horizon]} AS DOUBLE) AS p, {label(component, horizon)} AS y)"
        for name, (probabilities, thresholds) in predictors.items()
        for component in COMPONENTS
        for horizon in HORIZONS
        if (component, horizon) in probabilities
    ]
    slices = ("coalesce(machine_model, 'unknown model') AS machine_model", f"{age_band()} AS age_band")
    exploded = rows.selectExpr(*slices, f"inline(array({', '.join(heads)}))")
    bounded = f"greatest(least(p, {1 - _FLOOR}D), {_FLOOR}D) AS bounded"
    binned = exploded.selectExpr("*", bounded, f"CAST(least(floor(p * {BINS}), {BINS - 1}) AS INT) AS bin")
    found = binned.groupBy(*_KEYS).agg(*(sf.expr(f"{total} AS {name}") for name, total in _SUMS.items())).collect()
    return {name: Scores(tuple(_cell(row.asDict()) for row in found if row["predictor"] == name)) for name in predictors}


def _cell(row: Mapping[str, object]) -> Cell:
    numbers = {name: float(str(row[name])) for name in _SUMS}
    return Cell(
        str(row["component"]),
        int(str(row["horizon"])),
        str(row["machine_model"]),
        str(row["age_band"]),
        int(str(row["bin"])),
        Tally(**numbers),
    )
