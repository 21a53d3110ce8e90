"""The last stage of the model: turns each forest's class probabilities into one calibrated probability per horizon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyspark.ml import Transformer
from pyspark.ml.functions import vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.scenario.declaration import Scenario

_NODES = 1000
"""Calibration is looked up at scores of 0, .001, .. 1 and interpolated between."""


def probability_column(target: str, horizon_hours: int) -> str:
    """The output column of one head: the calibrated probability that the target fails within the horizon."""
    return f"probability_{target}_{horizon_hours}h"


def probability_columns(scenario: Scenario) -> dict[tuple[str, int], str]:
    """The output columns by head."""
    return {head: probability_column(*head) for head in scenario.heads}


def classes_column(target: str) -> str:
    """The forest's vector: no failure, then a failure within each horizon but not the one before."""
    return f"classes_{target}"


def with_scores(classified: DataFrame, targets: Iterable[str]) -> DataFrame:
    """Adds `scores_<target>`: each forest's class probabilities as an array."""
    return classified.withColumns({_scores(name): vector_to_array(sf.col(classes_column(name))) for name in targets})


def _scores(target: str) -> str:
    return f"scores_{target}"


def raw_score(target: str, classes: int) -> str:
    """SQL over `with_scores`: the uncalibrated probability of a failure within the first so many horizons: their
    classes added.
    """
    terms = " + ".join(f"{_scores(target)}[{number}]" for number in range(1, classes + 1))
    return f"least({terms}, 1.0D)"


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
"""Calibration by target and horizon."""


class CalibratedHeads(Transformer, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[misc]  # pyspark is untyped here
    """Adds `probability_<target>_<horizon>h` for every head. A longer horizon is never less probable than a shorter
    one.
    """

    curves = Param(
        Params._dummy(),
        "curves",
        "JSON: target -> horizon -> [scores, probabilities]",
        typeConverter=TypeConverters.toString,
    )

    @classmethod
    def of(cls, curves: Curves) -> CalibratedHeads:
        """The stage with the given calibration."""
        document = {
            target: {str(horizon): [curve.scores, curve.probabilities] for horizon, curve in by_horizon.items()}
            for target, by_horizon in curves.items()
        }
        stage = cls()
        stage.set(stage.curves, json.dumps(document))
        return stage

    def _transform(self, dataset: DataFrame) -> DataFrame:
        document = json.loads(self.getOrDefault(self.curves))
        heads = [
            _Head(target, int(hours), number) for target in document for number, hours in enumerate(document[target], 1)
        ]
        pairs = [head.pair(Calibration(*map(tuple, document[head.target][str(head.hours)]))) for head in heads]
        between = with_scores(dataset, document).selectExpr("*", *pairs)
        chances = []
        for before, head in zip([None, *heads], heads, strict=False):
            # `greatest` wants two arguments; a chance is at least 0.
            least = before.column if before and before.target == head.target else "0.0D"
            chances.append(f"greatest({least}, {head.interpolated}) AS {head.column}")
        # A chance refers to the one before it in the same list.
        return between.selectExpr("*", *chances).drop(*map(_scores, document), *(head.nodes for head in heads))


@dataclass(frozen=True)
class _Head:
    """One target at one horizon, which is the `number`-th of its target."""

    target: str
    hours: int
    number: int

    @property
    def column(self) -> str:
        """The output column."""
        return probability_column(self.target, self.hours)

    @property
    def nodes(self) -> str:
        """The column of the curve at the two nodes around the score."""
        return f"nodes_{self.target}_{self.hours}h"

    def pair(self, curve: Calibration) -> str:
        """SQL of `nodes`. As one text that Spark folds into a constant: a thousand literals are slow."""
        values = f"CAST(split('{','.join(map(repr, curve.at_nodes()))}', ',') AS ARRAY<DOUBLE>)"
        return f"slice({values}, {self._below} + 1, 2) AS {self.nodes}"

    @property
    def _place(self) -> str:
        return f"{raw_score(self.target, self.number)} * {_NODES}"

    @property
    def _below(self) -> str:
        return f"CAST(least(floor({self._place}), {_NODES - 1}) AS INT)"

    @property
    def interpolated(self) -> str:
        """SQL: the curve at the score."""
        low, high = (f"{self.nodes}[{place}]" for place in (0, 1))
        return f"({low} + ({high} - {low}) * ({self._place} - {self._below}))"
