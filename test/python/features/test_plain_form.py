"""The fast form of the features equals the plain one, row by row, on random fleets and random declarations."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from declarations import drawn
from pdm import SCENARIO
from plain_form import plain_features
from pyspark.sql import DataFrame, SparkSession

from batchkeeper.features.compute import Points, SourceFrames, compute_features
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.features.past import past
from batchkeeper.features.query import feature_query
from batchkeeper.scenario import Scenario
from batchkeeper.scenario.feature_set import feature_set

START = datetime(2015, 3, 1, tzinfo=UTC)
SNAPSHOT = Path(__file__).with_name("features.sql")


def fleet_of(scenario: Scenario, draw: Random, count: int = 3) -> list[Any]:
    return [f"unit-{number}" if scenario.entity.type == "string" else number for number in range(1, count + 1)]


def frame(spark: SparkSession, rows: list[tuple[Any, ...]], *columns: str) -> DataFrame:
    return spark.createDataFrame(rows, ", ".join(columns))


def random_sources(spark: SparkSession, scenario: Scenario, seed: int) -> tuple[SourceFrames, DataFrame]:
    """Readings with gaps and missing values, events at odd times, replacements on and off a calendar; all points."""
    draw, grid = Random(seed), AsOfGrid.of(scenario)
    entity = f"{scenario.entity.name} {scenario.entity.type}"
    units, end = fleet_of(scenario, draw), START + 26 * timedelta(seconds=grid.step)
    facts = scenario.fleet.facts if scenario.fleet else ()
    known = {"string": lambda: draw.choice("ab"), "int": lambda: draw.randrange(9)}
    fleet = frame(
        spark,
        [(unit, *(known[fact.type]() for fact in facts)) for unit in units],
        entity,
        *(f"{fact.name} {fact.type}" for fact in facts),
    )
    steps = int((end - START) / scenario.readings.step)
    rows = []
    for unit in units:
        level, gap = 0.0, range(*sorted(draw.sample(range(steps), 2)))
        for step in range(steps):
            level += draw.choice((0, 0, 1, 7))
            values = [
                level if value in scenario.counters else round(draw.gauss(50, 9), 5)
                for value in scenario.readings.values
            ]
            if step not in gap or draw.random() < 0.1:
                odd = (20_000.0, *values[1:]) if draw.random() < 0.02 and scenario.smooth else values
                odd = [
                    None if value.optional and draw.random() < 0.3 else one
                    for one, value in zip(odd, scenario.readings.values, strict=True)
                ]
                rows.append((unit, START + step * scenario.readings.step, *odd))
    names = [f"{value.name} double" for value in scenario.readings.values]
    readings = frame(spark, rows, entity, "ts timestamp", *names)

    def events(column: str, codes: tuple[str, ...], count: int) -> DataFrame:
        spread = int((end - START).total_seconds())
        at = [
            START
            + timedelta(seconds=draw.choice((draw.randrange(spread), 43_200 * draw.randrange(1 + spread // 43_200))))
            for _ in range(count)
        ]
        # A code that is not declared may be called like a target.
        strange = (*scenario.targets.names, "unknown")
        drawn_rows = {(draw.choice(units), time, draw.choice((*codes, *strange))) for time in at}
        return frame(spark, sorted(drawn_rows), entity, "ts timestamp", f"{column} string")

    coded = {one.name: events(one.column, tuple(map(scenario.spelled, one.codes)), 40) for one in scenario.events}
    if part := scenario.maintenance:
        coded[part.name] = events(part.column, scenario.targets.names, 15)
    times = grid.times(START, end)
    points = [(unit, datetime.fromtimestamp(at, UTC)) for unit in units for at in times]
    return SourceFrames(fleet, readings, coded), frame(spark, points, entity, "as_of timestamp")


def sorted_rows(rows: DataFrame, scenario: Scenario) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in rows.select(*scenario.key, *feature_set(scenario).names).collect())


def same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=1e-5, abs_tol=2e-4)
    return bool(mine == theirs)


@pytest.mark.parametrize("seed", range(6))
def test_fast_and_plain_form_agree(spark: SparkSession, seed: int) -> None:
    scenario = SCENARIO if seed == 0 else drawn(seed)
    sources, points = random_sources(spark, scenario, seed)
    times = [row[0] for row in points.selectExpr("unix_timestamp(as_of)").distinct().collect()]
    first, last = (datetime.fromtimestamp(at, UTC) for at in (min(times), max(times)))

    fast = sorted_rows(compute_features(scenario, sources, Points(first, last)), scenario)
    some = sorted_rows(compute_features(scenario, sources, Points(first, last, points), joined=True), scenario)
    plain = sorted_rows(
        plain_features(scenario, sources.fleet, sources.readings, dict(sources.coded), points), scenario
    )

    names = [*scenario.key, *feature_set(scenario).names]
    assert len(fast) == len(plain) > 50
    assert fast == some
    differing = {
        (name, mine, theirs)
        for row, other in zip(fast, plain, strict=True)
        for name, mine, theirs in zip(names, row, other, strict=True)
        if not same(mine, theirs)
    }
    assert not differing


def test_a_source_is_asked_for_its_own_names_alone() -> None:
    """Its files may write a code as another source writes another one, or as replacements write a target."""
    asked = {source: set(re.findall(r"WHEN '(\w+)' THEN \d", part)) for source, part in parts_of_the_past().items()}

    assert asked == {"errors": set(SCENARIO.codes), "maint": set(SCENARIO.targets.names)}


def parts_of_the_past() -> dict[str, str]:
    """SQL by the source whose events it numbers."""
    parts = past(SCENARIO).split("\nUNION ALL ")
    return {found[1]: part for part in parts if (found := re.search(r"\{rows_of_(\w+)\}$", part))}


def test_the_statement_is_the_one_in_the_snapshot() -> None:
    """A change of the query is seen in the snapshot: write it anew from `feature_query(SCENARIO).statement` once it is
    meant.
    """
    assert feature_query(SCENARIO).statement == SNAPSHOT.read_text().removesuffix("\n")
