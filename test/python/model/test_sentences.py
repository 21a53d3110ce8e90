"""Sentences of counters, of what has no unit, of small values, and of codes that files spell otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from declarations import few_facts
from pyspark.sql import SparkSession

from batchkeeper.model.sentences import sentences
from batchkeeper.scenario import Counter, Events, Reading, Scenario

KNOWN = {
    "starts_rise_168h": "0.0D",
    "starts_level": "1234.0D",
    "draft_mean_168h": "0.36D",
    "draft_normal_mean": "0.32D",
    "draft_normal_sd": "0.02D",
    "hot_hours_since": "3.0F",
    "readings_168h": "7",
}


def scenario(unit: str = "") -> Scenario:
    declared = few_facts()
    values = (Reading("draft", unit, largest=10), Counter("starts", (168,), unit))
    events = (Events("faults", "code", codes=("hot",), count=(168,), spelled={"hot": "it's {47}"}),)
    return replace(declared, readings=replace(declared.readings, values=values), events=events)


@pytest.fixture
def said(spark: SparkSession):
    """What is said of a family, given features that differ from KNOWN."""

    def ask(family: str, unit: str = "", **changes: str) -> str | None:
        values = ", ".join(f"{value} AS {name}" for name, value in {**KNOWN, **changes}.items())
        return spark.sql(f"SELECT {sentences(scenario(unit))[family]} AS said FROM (SELECT {values})").first()["said"]

    return ask


def test_a_counter_that_rose_says_so_and_one_that_did_not_says_where_it_is(said) -> None:
    assert said("starts", starts_rise_168h="12.0D") == "starts rose by 12 in 168 h"
    assert said("starts", "times", starts_rise_168h="12.0D") == "starts rose by 12 times in 168 h"
    assert said("starts") == "starts is at 1,234"
    assert said("starts", starts_rise_168h="CAST(NULL AS DOUBLE)") == "starts is at 1,234"
    assert said("starts", starts_level="CAST(NULL AS DOUBLE)") is None


def test_what_is_always_small_is_told_with_more_decimals(said) -> None:
    assert said("draft") == "draft 168 h mean 0.040 above the drive's normal (2.0 sd)"
    assert said("draft", "mbar") == "draft 168 h mean 0.040 mbar above the drive's normal (2.0 sd)"


def test_a_code_is_told_as_files_spell_it(said) -> None:
    assert said("hot") == "it's {47} seen 3 h ago"
