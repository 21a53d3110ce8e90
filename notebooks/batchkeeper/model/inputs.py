"""What the forests are given: numbers made of features, each under the family of causes that reasons name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyspark.ml.feature import SQLTransformer, VectorAssembler

from batchkeeper.delta.query import text
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import FACTS, VISIT, Feature, feature_set
from batchkeeper.scenario.readings import Counter, Reading

VECTOR = "features"
"""Name of the vector column between preparation and forests."""


@dataclass(frozen=True)
class Input:
    """One number of the forests' vector: an SQL expression over feature columns, and the family under which reasons
    name it.
    """

    name: str
    expression: str
    family: str


def model_inputs(scenario: Scenario, *, with_visits: bool = True) -> list[Input]:
    """The inputs in vector order. The forests get a choice of the features: others, such as longer spreads, say nothing
    more.
    """
    return list(_inputs(scenario, with_visits=with_visits))


def _inputs(scenario: Scenario, *, with_visits: bool) -> Iterator[Input]:
    features = feature_set(scenario)

    def of(*names: str) -> Iterator[Input]:
        yield from (_feature(features.named(name)) for name in names)

    for value in scenario.readings.values:
        yield from _of_reading(scenario, value) if isinstance(value, Reading) else _of_counter(scenario, value)
    for events in scenario.events:
        for code in events.codes:
            yield from of(f"{code}_count_{min(events.count)}h", f"{code}_hours_since")
    for target in scenario.targets.names if scenario.maintenance else ():
        yield from of(f"{target}_age_hours", f"{target}_never_replaced")
    yield from of(f"readings_{main_window(scenario)}h", "readings_normal")
    facts = [feature for feature in features.features if feature.family == FACTS]
    yield from (_feature(feature) for feature in facts if feature.type != "string")
    for fact in scenario.fleet.facts if scenario.fleet else ():
        name = fact.feature or fact.name
        for place, category in enumerate(fact.categories):
            yield Input(f"in_{name}_{place}", f"CAST({name} <=> {text(category)} AS DOUBLE)", FACTS)
    if with_visits:
        yield from (_feature(feature) for feature in features.features if feature.family == VISIT)


def main_window(scenario: Scenario) -> int:
    """The window that reasons speak of, in hours."""
    windows = scenario.readings.windows
    return (windows.deviation or windows.mean[-1:])[0]


def _feature(feature: Feature) -> Input:
    expression = f"CAST(COALESCE({feature.name}, {feature.fill}) AS DOUBLE)"
    return Input(f"in_{feature.name}", expression, feature.family)


def _of_reading(scenario: Scenario, reading: Reading) -> Iterator[Input]:
    """How far each window lies from the entity's own normal; 0 while either is unknown, which `readings_*` says."""
    name, windows = reading.name, scenario.readings.windows
    for hours in windows.mean:
        deviation = f"CAST(COALESCE({name}_mean_{hours}h - {name}_normal_mean, 0) AS DOUBLE)"
        yield Input(f"in_{name}_deviation_{hours}h", deviation, name)
    spread = main_window(scenario) if main_window(scenario) in windows.spread else next(iter(windows.spread), None)
    if spread is not None:
        yield _feature(feature_set(scenario).named(f"{name}_sd_{spread}h"))


def _of_counter(scenario: Scenario, counter: Counter) -> Iterator[Input]:
    features = feature_set(scenario)
    yield from (_feature(feature) for feature in features.features if feature.family == counter.name)


def preparation(inputs: Sequence[Input]) -> list[SQLTransformer | VectorAssembler]:
    """The stages from feature columns to the vector; nothing in them is learnt, so training and scoring cannot differ.

    The inputs stay as columns until the model drops them: to read a stage of a stored model takes a fifth of a second.
    """
    columns = ", ".join(f"{entry.expression} AS {entry.name}" for entry in inputs)
    return [
        SQLTransformer(statement=f"SELECT *, {columns} FROM __THIS__"),
        VectorAssembler(inputCols=[entry.name for entry in inputs], outputCol=VECTOR, handleInvalid="error"),
    ]
