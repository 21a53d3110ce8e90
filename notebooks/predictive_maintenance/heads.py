"""The last stage of the model: turns each forest's class probabilities into one calibrated probability per horizon."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyspark.ml import Transformer
from pyspark.ml.functions import vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from predictive_maintenance.feature_set import COMPONENTS
from predictive_maintenance.labels import HORIZONS

_NODES = 1000
"""Calibration is looked up at scores of 0, .001, .. 1 and interpolated between."""


def probability_column(component: str, horizon_hours: int) -> str:
    """The output column of one head: the calibrated probability that the component fails within the horizon."""
    return f"probability_{component}_{horizon_hours}h"


def classes_column(component: str) -> str:
    """The forest's vector: no failure, then a failure within each horizon but not the one before."""
    return f"classes_{component}"


def with_scores(classified: DataFrame) -> DataFrame:
    """Adds `scores_<component>`: each forest's class probabilities as an array."""
    return classified.withColumns({_scores(name): vector_to_array(sf.col(classes_column(name))) for name in COMPONENTS})


def _scores(component: str) -> str:
    return f"scores_{component}"


def raw_score(component: str, horizon_hours: int) -> str:
    """SQL over `with_scores`: the uncalibrated probability of a failure within the horizon: the classes up to it, added."""
    classes = range(1, HORIZONS.index(horizon_hours) + 2)
    return f"least({' + '.join(f'{_scores(component)}[{number}]' for number in classes)}, 1.0D)"


@dataclass(frozen=True)
class Calibration:
    """A non-decreasing curve from score to probability, by its corners."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def at_nodes(self) -> list[float]:
        """The curve at the scores 0, .001, .. 1."""
        nodes = np.linspace(0.0, 1.0, _NODES + 1)
        return [float(value) for value in np.interp(nodes, self.scores, self.probabilities)]


def fit_calibration(scores: Sequence[float], positives: Sequence[float], counts: Sequence[float]) -> Calibration:
    """Isotonic regression over groups of rows with equal scores, by pooling adjacent violators.

    Each pooled block gets half a row of the base rate, so that a block without failures is rare, not impossible.
    """
    order = np.argsort(np.asarray(scores))
    base = float(np.sum(positives)) / float(np.sum(counts))
    blocks: list[list[float]] = []  # weighted score, positives, rows
    for index in order:
        rows = float(counts[index])
        blocks.append([float(scores[index]) * rows, float(positives[index]), rows])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            last = blocks.pop()
            blocks[-1] = [before + added for before, added in zip(blocks[-1], last, strict=True)]
    centres = tuple(round(block[0] / block[2], 6) for block in blocks)
    rates = tuple(float(f"{(block[1] + base / 2) / (block[2] + 0.5):.6g}") for block in blocks)
    return Calibration(centres, rates)


Curves = Mapping[str, Mapping[int, Calibration]]
"""Calibration by component and horizon."""


class CalibratedHeads(Transformer, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[misc]  # pyspark is untyped here
    """Adds `probability_<component>_<horizon>h` for every head. A longer horizon is never less probable than a shorter one."""

    curves = Param(
        Params._dummy(), "curves", "JSON: component -> horizon -> [scores, probabilities]", typeConverter=TypeConverters.toString
    )

    @classmethod
    def of(cls, curves: Curves) -> CalibratedHeads:
        """The stage with the given calibration."""
        document = {
            component: {str(horizon): [curve.scores, curve.probabilities] for horizon, curve in by_horizon.items()}
            for component, by_horizon in curves.items()
        }
        stage = cls()
        stage.set(stage.curves, json.dumps(document))
        return stage

    def _transform(self, dataset: DataFrame) -> DataFrame:
        document = json.loads(self.getOrDefault(self.curves))
        heads = [(component, horizon) for component in COMPONENTS for horizon in HORIZONS]
        pairs = [_pair(component, horizon, Calibration(*map(tuple, document[component][str(horizon)]))) for component, horizon in heads]
        between = with_scores(dataset).selectExpr("*", *pairs)
        chances = []
        for component, horizon in heads:
            shorter = [probability_column(component, earlier) for earlier in HORIZONS if earlier < horizon]
            # `greatest` wants two arguments; a chance is at least 0.
            least, name = (shorter or ["0.0D"])[-1], probability_column(component, horizon)
            chances.append(f"greatest({least}, {_interpolated(component, horizon)}) AS {name}")
        # A chance refers to the one before it in the same list.
        return between.selectExpr("*", *chances).drop(*map(_scores, COMPONENTS), *(_pair_column(*head) for head in heads))


def _pair_column(component: str, horizon: int) -> str:
    return f"nodes_{component}_{horizon}h"


def _pair(component: str, horizon: int, curve: Calibration) -> str:
    """SQL: the curve at the two nodes around the score. As one text that Spark folds into a constant: a thousand literals are slow."""
    nodes = f"CAST(split('{','.join(map(repr, curve.at_nodes()))}', ',') AS ARRAY<DOUBLE>)"
    return f"slice({nodes}, {_below(component, horizon)} + 1, 2) AS {_pair_column(component, horizon)}"


def _below(component: str, horizon: int) -> str:
    return f"CAST(least(floor({raw_score(component, horizon)} * {_NODES}), {_NODES - 1}) AS INT)"


def _interpolated(component: str, horizon: int) -> str:
    low, high = (f"{_pair_column(component, horizon)}[{place}]" for place in (0, 1))
    return f"({low} + ({high} - {low}) * ({raw_score(component, horizon)} * {_NODES} - {_below(component, horizon)}))"
