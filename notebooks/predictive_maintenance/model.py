"""The model: one pipeline from plain feature columns to twelve probabilities (four components, three horizons).

Each component has one random forest over the classes "fails within 24 h", "24 to 48 h", "48 to 168 h" and "not within 168 h". Since
horizons are nested, adding classes gives all three probabilities from one fit, and they can never contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.pool import ThreadPool

from pyspark.ml import Model, Pipeline, PipelineModel
from pyspark.ml.classification import RandomForestClassificationModel, RandomForestClassifier
from pyspark.ml.feature import SQLTransformer, VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.util import inheritable_thread_target

from predictive_maintenance.feature_set import COMPONENTS, ERRORS, FEATURES, MEAN_WINDOWS, SENSORS, VISIT_FEATURES
from predictive_maintenance.heads import classes_column
from predictive_maintenance.labels import HORIZONS

MODELS = ("model1", "model2", "model3", "model4")
"""Machine models with an input of their own; any other is none of these."""

_FITS_AT_ONCE = 2
_ROWS_PER_PARTITION = 100_000
_ROWS_PER_BIN = 50
_BINS = (32, 128)
_ROWS_PER_LEAF_ROW = 1000
_LEAF_ROWS = (2, 10)
VECTOR = "features"
"""Name of the vector column between preparation and forests."""


@dataclass(frozen=True)
class Input:
    """One number of the forests' vector: an SQL expression over feature columns, and the family under which reasons name it."""

    name: str
    expression: str
    family: str


def _feature(name: str) -> Input:
    feature = next(found for found in FEATURES if found.name == name)
    return Input(f"in_{name}", f"CAST(COALESCE({name}, {feature.fill}) AS DOUBLE)", feature.family)


def _sensor_inputs(sensor: str) -> list[Input]:
    """How far each window lies from the machine's own normal; 0 while either is unknown, which `readings_*` says."""
    found = []
    for hours in MEAN_WINDOWS:
        deviation = f"CAST(COALESCE({sensor}_mean_{hours}h - {sensor}_normal_mean, 0) AS DOUBLE)"
        found.append(Input(f"in_{sensor}_deviation_{hours}h", deviation, sensor))
    return [*found, _feature(f"{sensor}_sd_24h")]


def model_inputs(*, with_visits: bool = True) -> list[Input]:
    """The inputs in vector order. The forests get a choice of the features: others, such as longer spreads, say nothing more."""
    found = [entry for sensor in SENSORS for entry in _sensor_inputs(sensor)]
    found += [_feature(f"{error}_{what}") for error in ERRORS for what in ("count_24h", "hours_since")]
    found += [_feature(f"{component}_{what}") for component in COMPONENTS for what in ("age_hours", "never_replaced")]
    found += [_feature(name) for name in ("readings_24h", "readings_normal", "machine_age_years")]
    found += [Input(f"in_{model}", f"CAST(machine_model <=> '{model}' AS DOUBLE)", "machine") for model in MODELS]
    return [*found, *(_feature(feature.name) for feature in VISIT_FEATURES)] if with_visits else found


def preparation(inputs: Sequence[Input]) -> list[SQLTransformer | VectorAssembler]:
    """The stages from feature columns to the vector; nothing in them is learnt, so training and scoring cannot differ.

    The inputs stay as columns until the model drops them: to read a stage of a stored model takes a fifth of a second.
    """
    return [
        SQLTransformer(statement=f"SELECT *, {', '.join(f'{entry.expression} AS {entry.name}' for entry in inputs)} FROM __THIS__"),
        VectorAssembler(inputCols=[entry.name for entry in inputs], outputCol=VECTOR, handleInvalid="error"),
    ]


def failure_class(component: str) -> Column:
    """The class of a row: 0 no failure within the longest horizon, k a failure within the k-th horizon but not the one before."""
    hours = sf.col(f"{component}_fails_in_hours")
    found = sf.lit(0.0)
    for number, horizon in reversed(list(enumerate(HORIZONS, start=1))):
        found = sf.when(hours <= horizon, float(number)).otherwise(found)
    # Spark learns the number of classes from here, so a class that a small fleet lacks keeps its place.
    nominal = {"ml_attr": {"type": "nominal", "num_vals": len(HORIZONS) + 1}}
    return found.alias(f"class_{component}", metadata=nominal)


def spare_trees() -> None:
    """Keeps Spark from making a Python object of every tree whenever it lists a forest's parameters: 14,000 calls to the JVM a model.

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
        # A leaf of two rows says little of a probability and makes the trees larger; where rows are few, a rare failure leaves no more.
        minInstancesPerNode=_within(_LEAF_ROWS, rows // _ROWS_PER_LEAF_ROW),
        # What tells a failure two days ahead lies in the tails, which Spark's 32 quantile bins lump together. Few rows have no tails
        # to part, and each bin makes the histograms of every node larger.
        maxBins=_within(_BINS, rows // _ROWS_PER_BIN),
        featureSubsetStrategy="onethird",
        maxMemoryInMB=1024,
        # Trees are deep: remembering each row's node is cheaper than finding it again for every level.
        cacheNodeIds=True,
        seed=seed,
    )


def _of_component(classifier: RandomForestClassifier, component: str) -> RandomForestClassifier:
    return (
        classifier.setLabelCol(f"class_{component}")
        .setProbabilityCol(classes_column(component))
        .setRawPredictionCol(f"raw_{component}")
        .setPredictionCol(f"class_predicted_{component}")
    )


def in_fixed_order(rows: DataFrame, count: int, *key: str) -> DataFrame:
    """The `count` rows in an order that their key alone decides: a forest draws its samples by partition and place.

    Each partition sends its own histograms of all nodes, which for few rows are more than the rows.
    """
    return rows.repartition(count // _ROWS_PER_PARTITION + 1, *key).sortWithinPartitions(*key)


def fit_forests(rows: DataFrame, inputs: Sequence[Input], *, trees: int, depth: int, seed: int) -> PipelineModel:
    """Fits the four forests on training rows (features, weight, hours to failure)."""
    spare_trees()
    classified = rows.select("*", *(failure_class(component) for component in COMPONENTS))
    prepare = Pipeline(stages=preparation(inputs)).fit(classified)
    count = rows.count()
    prepared = prepare.transform(in_fixed_order(classified, count, "machine_id", "as_of"))

    def fit(component: str) -> Model:
        classifier = forest(count, trees=trees, depth=depth, seed=seed + COMPONENTS.index(component))
        return _of_component(classifier, component).fit(prepared)

    # A fit is many short jobs, so two at once fill the pauses of each other. The threads inherit the run's job group, as a cancel needs.
    with ThreadPool(_FITS_AT_ONCE) as pool:
        fitted = pool.map(inheritable_thread_target(rows.sparkSession)(fit), COMPONENTS)
    return PipelineModel(stages=[*prepare.stages, *fitted])
