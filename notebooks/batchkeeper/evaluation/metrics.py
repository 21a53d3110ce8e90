"""Metrics of probabilities and decisions, from one aggregation over the scored rows; nothing is read by position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.labels.labels import label
from batchkeeper.scenario.decisions import Slice
from batchkeeper.scenario.declaration import Scenario

BINS = 20
_FLOOR = 1e-6
"""Probabilities are cut off here in the log-loss, so that one miss costs no infinity."""

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

    target: str
    horizon: int
    slices: tuple[str, ...]
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
        """All targets together at one horizon."""
        return self.total(lambda cell: cell.horizon == horizon)

    def head(self, target: str, horizon: int) -> Tally:
        """One target at one horizon."""
        return self.total(lambda cell: (cell.target, cell.horizon) == (target, horizon))

    def bins(self, target: str, horizon: int) -> tuple[Tally, ...]:
        """One target at one horizon, by equal bins of probability; empty bins are left out."""
        found: dict[int, Tally] = {}
        for cell in self.cells:
            if (cell.target, cell.horizon) == (target, horizon):
                found[cell.bin] = found.get(cell.bin, Tally()) + cell.tally
        return tuple(found.values())

    def calibration_error(self, target: str, horizon: int) -> float:
        """Expected calibration error over 20 equal bins of probability."""
        bins = self.bins(target, horizon)
        rows = sum(tally.rows for tally in bins)
        return sum(abs(tally.probability - tally.positives) for tally in bins) / rows if rows else 0.0

    def slices(self, horizon: int) -> dict[str, Tally]:
        """All targets together per slice of the fleet, of each kind of slices."""
        found: dict[str, Tally] = {}
        for cell in self.cells:
            if cell.horizon == horizon:
                for name in cell.slices:
                    found[name] = found.get(name, Tally()) + cell.tally
        return found


def slice_name(part: Slice) -> str:
    """SQL: the slice of an entity."""
    unknown = f"'unknown {part.feature}'"
    if not part.bands:
        return f"coalesce(CAST({part.feature} AS STRING), {unknown})"
    bands = [f"WHEN {part.feature} BETWEEN {low} AND {high} THEN '{name}'" for name, low, high in part.bands]
    return f"CASE {' '.join(bands)} ELSE {unknown} END"


Predictor = tuple[Mapping[Head, str], Mapping[int, float]]
"""Probabilities per head as SQL, and the threshold of an alert per horizon."""

_SUMS = {
    "rows": "count(*)",
    "positives": "sum(y)",
    "true_alerts": "sum(CASE WHEN p >= threshold THEN y ELSE 0 END)",
    "false_alerts": "sum(CASE WHEN p >= threshold THEN 1 - y ELSE 0 END)",
    "probability": "sum(p)",
    "brier": "sum((p - y) * (p - y))",
    "log_loss": "sum(-ln(CASE WHEN y > 0 THEN bounded ELSE 1 - bounded END))",
}


def tally_scores(
    scenario: Scenario, rows: DataFrame, probabilities: Mapping[Head, str], thresholds: Mapping[int, float]
) -> Scores:
    """Scores of one predictor over rows with features and hours to failure. One Spark job."""
    return tally_predictors(scenario, rows, {"one": (probabilities, thresholds)})["one"]


def tally_predictors(scenario: Scenario, rows: DataFrame, predictors: Mapping[str, Predictor]) -> dict[str, Scores]:
    """Scores of several predictors, by name, over the same rows with features and hours to failure. One Spark job."""
    heads = [
        f"struct('{name}' AS predictor, '{target}' AS target, {horizon} AS horizon, "
        f"{thresholds[horizon]!r}D AS threshold, "
        f"CAST({probabilities[target, horizon]} AS DOUBLE) AS p, {label(target, horizon)} AS y)"
        for name, (probabilities, thresholds) in predictors.items()
        for target, horizon in scenario.heads
        if (target, horizon) in probabilities
    ]
    slices = [f"{slice_name(part)} AS slice_{number}" for number, part in enumerate(scenario.slices)]
    exploded = rows.selectExpr(*slices, f"inline(array({', '.join(heads)}))")
    bounded = f"greatest(least(p, {1 - _FLOOR}D), {_FLOOR}D) AS bounded"
    binned = exploded.selectExpr("*", bounded, f"CAST(least(floor(p * {BINS}), {BINS - 1}) AS INT) AS bin")
    key = ("predictor", "target", "horizon", *(f"slice_{number}" for number in range(len(slices))), "bin")
    sums = [sf.expr(f"{total} AS {name}") for name, total in _SUMS.items()]
    cells: dict[str, list[Cell]] = {name: [] for name in predictors}
    for row in binned.groupBy(*key).agg(*sums).collect():
        cells[row["predictor"]].append(_cell(row.asDict(), len(slices)))
    return {name: Scores(tuple(of_predictor)) for name, of_predictor in cells.items()}


def _cell(row: Mapping[str, object], slices: int) -> Cell:
    numbers = {name: float(str(row[name])) for name in _SUMS}
    named = tuple(str(row[f"slice_{number}"]) for number in range(slices))
    return Cell(str(row["target"]), int(str(row["horizon"])), named, int(str(row["bin"])), Tally(**numbers))


def head_metrics(scenario: Scenario, scores: Scores, prefix: str) -> dict[str, float]:
    """All qualities of all heads under MLflow metric names."""
    metrics: dict[str, float] = {}
    for horizon in scenario.hours:
        micro = scores.micro(horizon).quality()
        metrics |= {f"{prefix}_micro_{name}_{horizon}h": value for name, value in micro.items()}
        for target in scenario.targets.names:
            quality = scores.head(target, horizon).quality()
            metrics |= {f"{prefix}_{target}_{name}_{horizon}h": value for name, value in quality.items()}
            metrics[f"{prefix}_{target}_calibration_error_{horizon}h"] = scores.calibration_error(target, horizon)
    return metrics
