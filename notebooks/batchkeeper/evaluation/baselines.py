"""What a model must beat, as the declaration names it: the rule, other baselines, and saying nothing."""

from __future__ import annotations

from batchkeeper.evaluation.metrics import Head, Predictor
from batchkeeper.scenario.decisions import Baseline
from batchkeeper.scenario.declaration import Scenario

RULE = "rule"
"""What a model must beat, among predictors."""


def probabilities(scenario: Scenario, baseline: Baseline) -> dict[Head, str]:
    """SQL over features: the probability of each head; a condition counts as 1 or 0, and what is unknown as 0."""
    return {
        (target, hours): f"coalesce(CAST({baseline.of[target].replace('{horizon}', str(hours))} AS DOUBLE), 0.0D)"
        for target, hours in scenario.heads
    }


def baseline_predictors(scenario: Scenario) -> dict[str, Predictor]:
    """The rule, under that name, and the other baselines; each alerts from one half on."""
    halves = dict.fromkeys(scenario.hours, 0.5)
    baselines = {RULE: scenario.rule, **{one.name: one for one in scenario.baselines}}
    return {name: (probabilities(scenario, one), halves) for name, one in baselines.items()}
