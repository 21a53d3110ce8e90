"""A fleet that shrinks and grows has the same points and stretches in any order of arrival."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from plant import Drops, Plant, day, delivery, snapshot
from pyspark.sql import SparkSession

from batchkeeper.delta.tables import Tables


def _days() -> list[Drops]:
    """Ten days: 2 leaves on the third and is back on the sixth, 3 leaves for good in the night after the fourth, 4
    comes on the seventh.
    """
    found: list[Drops] = []
    for number in range(1, 11):
        fleet = [
            1,
            *([2] if number < 3 or number >= 6 else []),
            *([3] if number < 5 else []),
            *([4] if number >= 7 else []),
        ]
        found.append(delivery(number, *fleet))
        if number != 8:
            found.append(snapshot(number, *fleet))
    late = delivery(5, 3, hours=range(1, 9))[f"telemetry/{day(5)}.csv"]
    return [*found, {f"telemetry/{day(5)}_{day(5)}.csv": late}]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_of_arrival_leads_to_the_same_points_and_stretches(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    known = snapshot(0, 1, 2, 3, 4, 5)
    drops = _parts(_days())
    found = []
    for order in (drops, chance.sample(drops, len(drops))):
        name = f"test_fleet_{seed}_{len(found)}"
        spark.sql(f"CREATE SCHEMA {name}")
        plant = Plant(Tables(spark, "spark_catalog", name), tmp_path / name)
        for number, batch in enumerate(_cut(order, 5 if found else 2)):
            # Everyone is known from the start, so that no reading is set aside as a stranger's.
            plant.batch(*([known] if number == 0 else []), *batch)
        found.append((plant.features(), plant.stretches()))
        spark.sql(f"DROP SCHEMA {name} CASCADE")

    assert found[0] == found[1]
    assert {row[0] for row in found[0][0]} == {1, 2, 3, 4}


def _parts(drops: list[Drops]) -> list[Drops]:
    return [{path: text} for drop in drops for path, text in drop.items()]


def _cut(drops: list[Drops], batches: int) -> Iterable[list[Drops]]:
    size = -(-len(drops) // batches)
    return (drops[start : start + size] for start in range(0, len(drops), size))
