"""Which models fit a scenario as it is declared now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pdm import SCENARIO

from batchkeeper.evaluation import comparison
from batchkeeper.model import registry
from batchkeeper.model.registry import ModelCard, RegisteredVersion
from batchkeeper.scenario import Horizon, Scenario
from batchkeeper.scenario.feature_set import feature_set

OTHER = replace(SCENARIO, horizons=(Horizon(12, 1, 1), *SCENARIO.horizons[1:]))
FEWER = replace(SCENARIO, horizons=SCENARIO.horizons[:2])


def card(scenario: Scenario) -> ModelCard:
    thresholds = {str(hours): 0.4 for hours in scenario.hours}
    reasons = {target: {} for target in scenario.targets.names}
    schema = feature_set(scenario).schema_hash
    return ModelCard("training-1", "1", schema, thresholds, {}, {}, "2015-01-01T00:00:00Z", reasons, {})


def test_a_model_knows_its_heads() -> None:
    assert card(SCENARIO).heads == list(SCENARIO.heads)


def test_a_model_fits_what_it_was_made_for_and_fewer_horizons() -> None:
    assert card(SCENARIO).unfit_for(SCENARIO) is None
    assert card(SCENARIO).unfit_for(FEWER) is None


def test_a_model_of_other_horizons_or_targets_does_not_fit_and_says_what_it_lacks() -> None:
    targets = replace(SCENARIO.targets, names=("comp1", "comp2", "comp3"))

    assert card(replace(SCENARIO, horizons=FEWER.horizons)).unfit_for(SCENARIO) == (
        "does not predict comp1 at 168 h, comp2 at 168 h, comp3 at 168 h, comp4 at 168 h"
    )
    few = replace(card(SCENARIO), reasons={target: {} for target in targets.names})
    assert few.unfit_for(SCENARIO) == "does not predict comp4 at 24 h, comp4 at 48 h, comp4 at 168 h"


def test_a_challenger_is_not_compared_with_a_champion_of_other_horizons(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"1": card(SCENARIO), "2": card(OTHER)}
    monkeypatch.setattr(registry, "find_alias", lambda name, alias: "1")
    monkeypatch.setattr(
        registry, "describe", lambda name, version: RegisteredVersion(name, version, "r", versions[version])
    )

    champion, note = comparison.champion_to_beat(OTHER, "m", registry.describe("m", "2"))

    assert champion is None
    assert note == (
        "champion 1 does not predict comp1 at 12 h, comp2 at 12 h, comp3 at 12 h, comp4 at 12 h: it cannot be compared"
    )
