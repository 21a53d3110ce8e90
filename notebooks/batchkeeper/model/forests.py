"""The forests: one a target, each over the classes "fails within the first horizon", "within the next but not that
one", ..., "not within the longest".

Since horizons are nested, adding classes gives the probabilities of all of them from one fit, and they can never
contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from multiprocessing.pool import ThreadPool

from pyspark.ml import Model, Pipeline, PipelineModel
from pyspark.ml.classification import RandomForestClassificationModel, RandomForestClassifier
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.util import inheritable_thread_target

from batchkeeper.model.heads import classes_column
from batchkeeper.model.inputs import VECTOR, Input, preparation
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.features import fails_in

_FITS_AT_ONCE = 2
_ROWS_PER_PARTITION = 100_000
_ROWS_PER_BIN = 50
_BINS = (32, 128)
_ROWS_PER_LEAF_ROW = 1000
_LEAF_ROWS = (2, 10)


def failure_class(scenario: Scenario, target: str) -> Column:
    """The class of a row: 0 no failure within the longest horizon, k a failure within the k-th horizon but not the one
    before.
    """
    hours = sf.col(fails_in(target))
    number_of_class = sf.lit(0.0)
    for number, horizon in reversed(list(enumerate(scenario.hours, start=1))):
        number_of_class = sf.when(hours <= horizon, float(number)).otherwise(number_of_class)
    # Spark learns the number of classes from here, so a class that a small fleet lacks keeps its place.
    nominal = {"ml_attr": {"type": "nominal", "num_vals": len(scenario.hours) + 1}}
    return number_of_class.alias(f"class_{target}", metadata=nominal)


def spare_trees() -> None:
    """Keeps Spark from making a Python object of every tree whenever it lists a forest's parameters: 14,000 calls to
    the JVM a model.

    Spark 4.1 declares `trees` as a cached property, which that listing evaluates, unlike a plain one.
    """
    declared = vars(RandomForestClassificationModel).get("trees")
    if isinstance(declared, cached_property):
        RandomForestClassificationModel.trees = property(declared.func)


def _within(limits: tuple[int, int], number: int) -> int:
    return max(limits[0], min(limits[1], number))


def forest(rows: int, *, trees: int, depth: int, seed: int) -> RandomForestClassifier:
    """A classifier of the vector for `rows` weighted training rows; columns other than that are left to the caller."""
    return RandomForestClassifier(
        featuresCol=VECTOR,
        weightCol="weight",
        numTrees=trees,
        maxDepth=depth,
        # A leaf of two rows says little of a probability and makes the trees larger; where rows are few, a rare failure
        # leaves no more.
        minInstancesPerNode=_within(_LEAF_ROWS, rows // _ROWS_PER_LEAF_ROW),
        # What tells a failure two days ahead lies in the tails, which Spark's 32 quantile bins lump together. Few rows
        # have no tails to part, and each bin makes the histograms of every node larger.
        maxBins=_within(_BINS, rows // _ROWS_PER_BIN),
        featureSubsetStrategy="onethird",
        maxMemoryInMB=1024,
        # Trees are deep: remembering each row's node is cheaper than finding it again for every level.
        cacheNodeIds=True,
        seed=seed,
    )


def _of_target(classifier: RandomForestClassifier, target: str) -> RandomForestClassifier:
    return (
        classifier.setLabelCol(f"class_{target}")
        .setProbabilityCol(classes_column(target))
        .setRawPredictionCol(f"raw_{target}")
        .setPredictionCol(f"class_predicted_{target}")
    )


def in_fixed_order(rows: DataFrame, count: int, *key: str) -> DataFrame:
    """The `count` rows in an order that their key alone decides: a forest draws its samples by partition and place.

    Each partition sends its own histograms of all nodes, which for few rows are more than the rows.
    """
    return rows.repartition(count // _ROWS_PER_PARTITION + 1, *key).sortWithinPartitions(*key)


def fit_forests(
    scenario: Scenario, rows: DataFrame, inputs: Sequence[Input], *, trees: int, depth: int, seed: int
) -> PipelineModel:
    """Fits a forest for each target on training rows (features, weight, hours to failure)."""
    targets = scenario.targets.names
    spare_trees()
    classified = rows.select("*", *(failure_class(scenario, target) for target in targets))
    prepare = Pipeline(stages=preparation(inputs)).fit(classified)
    count = rows.count()
    prepared = prepare.transform(in_fixed_order(classified, count, *scenario.key))

    def fit(target: str) -> Model:
        classifier = forest(count, trees=trees, depth=depth, seed=seed + targets.index(target))
        return _of_target(classifier, target).fit(prepared)

    # A fit is many short jobs, so two at once fill the pauses of each other. The threads inherit the run's job group,
    # as a cancel needs.
    with ThreadPool(_FITS_AT_ONCE) as pool:
        fitted = pool.map(inheritable_thread_target(rows.sparkSession)(fit), targets)
    return PipelineModel(stages=[*prepare.stages, *fitted])
