"""Metrics of probabilities and decisions, from one aggregation over the scored rows; nothing is read by position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.labels import HORIZONS, label

BINS = 20
_FLOOR = 1e-6
"""Probabilities are cut off here in the log-loss, so that one miss costs no infinity."""

AGE_BANDS = (("0-6 years", 0, 6), ("7-13 years", 7, 13), ("14 years and over", 14, None))
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


def age_band() -> Column:
    """The age band of a machine."""
    age = sf.col("machine_age_years")
    band = sf.lit("unknown age")
    for name, low, high in AGE_BANDS:
        band = sf.when((age >= low) & (sf.lit(True) if high is None else age <= high), name).otherwise(band)
    return band


Predictor = tuple[Mapping[Head, Column], Mapping[int, float]]
"""Probabilities per head, and the threshold of an alert per horizon."""


def tally_scores(rows: DataFrame, probabilities: Mapping[Head, Column], thresholds: Mapping[int, float]) -> Scores:
    """Scores of one predictor over rows with features and hours to failure. One Spark job."""
    return tally_predictors(rows, {"one": (probabilities, thresholds)})["one"]


def tally_predictors(rows: DataFrame, predictors: Mapping[str, Predictor]) -> dict[str, Scores]:
    """Scores of several predictors, by name, over the same rows with features and hours to failure. One Spark job."""
    heads = [
        sf.struct(
            sf.lit(name).alias("predictor"),
            sf.lit(component).alias("component"),
            sf.lit(horizon).alias("horizon"),
            probabilities[component, horizon].cast("double").alias("p"),
            label(component, horizon).alias("y"),
            sf.lit(thresholds[horizon]).alias("threshold"),
        )
        for name, (probabilities, thresholds) in predictors.items()
        for component in COMPONENTS
        for horizon in HORIZONS
        if (component, horizon) in probabilities
    ]
    slices = (sf.coalesce("machine_model", sf.lit("unknown model")).alias("machine_model"), age_band().alias("age_band"))
    exploded = rows.select(*slices, sf.explode(sf.array(*heads)).alias("head")).select("machine_model", "age_band", "head.*")
    p, y, alert = sf.col("p"), sf.col("y"), sf.col("p") >= sf.col("threshold")
    bounded = sf.greatest(sf.least(p, sf.lit(1 - _FLOOR)), sf.lit(_FLOOR))
    sums = {
        "rows": sf.lit(1.0),
        "positives": y,
        "true_alerts": sf.when(alert, y).otherwise(0.0),
        "false_alerts": sf.when(alert, 1 - y).otherwise(0.0),
        "probability": p,
        "brier": (p - y) * (p - y),
        "log_loss": -sf.when(y > 0, sf.log(bounded)).otherwise(sf.log(1 - bounded)),
    }
    keys = (
        "predictor",
        "component",
        "horizon",
        "machine_model",
        "age_band",
        sf.least(sf.floor(p * BINS), sf.lit(BINS - 1)).cast("int").alias("bin"),
    )
    found = exploded.groupBy(*keys).agg(*(sf.sum(total).alias(name) for name, total in sums.items())).collect()
    return {name: Scores(tuple(_cell(row.asDict(), sums) for row in found if row["predictor"] == name)) for name in predictors}


def _cell(row: Mapping[str, object], sums: Iterable[str]) -> Cell:
    numbers = {name: float(str(row[name])) for name in sums}
    return Cell(
        str(row["component"]),
        int(str(row["horizon"])),
        str(row["machine_model"]),
        str(row["age_band"]),
        int(str(row["bin"])),
        Tally(**numbers),
    )
