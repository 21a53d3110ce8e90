"""The gate: whether a challenger becomes champion, with every reason for and against."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from predictive_maintenance.feature_set import COMPONENTS, GRID_HOURS
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.metrics import Scores
from predictive_maintenance.thresholds import Cost

DISABLED, DRY_RUN, ENABLED = "disabled", "dry_run", "enabled"
MODES = (DISABLED, DRY_RUN, ENABLED)
DECIDING_HORIZONS = (24, 48)
"""Horizons with an alert that somebody acts on; at 168 h a model gives risks, which calibration and Brier score judge."""


@dataclass(frozen=True)
class Limits:
    """What a challenger must keep to.

    Attributes:
        calibration_error: largest expected calibration error of any head, before sampling error.
        slice_f1_drop: how far the 24 h F1 of a machine model or an age band may lie below that of the fleet.
        min_slice_failures: slices with fewer labelled failures say nothing.
    """

    calibration_error: float = 0.01
    slice_f1_drop: float = 0.10
    min_slice_failures: int = 10


@dataclass(frozen=True)
class Verdict:
    """The outcome of the gate; `against` is empty when the challenger passed."""

    passed: bool
    for_it: tuple[str, ...]
    against: tuple[str, ...]


def total_cost(scores: Scores, costs: Mapping[int, Cost]) -> float:
    """What the decisions at 24 and 48 h would have cost on the scored rows."""
    total = 0.0
    for horizon in DECIDING_HORIZONS:
        tally = scores.micro(horizon)
        total += tally.missed * costs[horizon].missed_failure + tally.false_alerts * costs[horizon].needless_action
    return total


def _cheaper(challenger: Scores, other: Scores, name: str, costs: Mapping[int, Cost]) -> tuple[bool, str]:
    mine, theirs = total_cost(challenger, costs), total_cost(other, costs)
    f1 = f"24 h F1 {challenger.micro(24).quality()['f1']:.3f} against {other.micro(24).quality()['f1']:.3f}"
    return mine < theirs, f"cost of decisions {mine:.0f} against {theirs:.0f} of the {name} ({f1})"


def _allowed_error(challenger: Scores, component: str, horizon: int, limits: Limits) -> float:
    """The limit plus what a perfectly calibrated model would show by luck: mean and two standard deviations of its error.

    The deviation of a bin is about normal, so its absolute value has the mean sqrt(2/pi) and the variance 1 - 2/pi of the
    bin's variance. The rows of one machine within a horizon share their failure, so they count once.
    """
    bins = challenger.bins(component, horizon)
    rows = sum(tally.rows for tally in bins)
    mean = variance = 0.0
    for tally in bins:
        chance = tally.probability / tally.rows
        spread = chance * (1 - chance) / max(tally.rows * GRID_HOURS / horizon, 1.0)
        share = tally.rows / rows
        mean += share * math.sqrt(2 / math.pi * spread)
        variance += share**2 * (1 - 2 / math.pi) * spread
    return limits.calibration_error + mean + 2 * math.sqrt(variance)


def _calibration(challenger: Scores, limits: Limits) -> tuple[bool, str]:
    heads = [(component, horizon) for component in COMPONENTS for horizon in HORIZONS]
    excess = {head: challenger.calibration_error(*head) - _allowed_error(challenger, *head, limits) for head in heads}
    component, horizon = max(excess, key=lambda head: excess[head])
    error, allowed = challenger.calibration_error(component, horizon), _allowed_error(challenger, component, horizon, limits)
    return error <= allowed, f"calibration error of {component} at {horizon} h is {error:.4f}, the nearest to its limit of {allowed:.4f}"


def _slices(challenger: Scores, limits: Limits) -> tuple[bool, str]:
    fleet = challenger.micro(24).quality()["f1"]
    judged = {name: tally.quality()["f1"] for name, tally in challenger.slices(24).items() if tally.positives >= limits.min_slice_failures}
    bad = [f"{name} {f1:.3f}" for name, f1 in sorted(judged.items()) if f1 < fleet - limits.slice_f1_drop]
    if bad:
        return False, f"24 h F1 of {', '.join(bad)} is more than {limits.slice_f1_drop} below the fleet's {fleet:.3f}"
    return True, f"24 h F1 of all {len(judged)} slices within {limits.slice_f1_drop} of the fleet's {fleet:.3f}"


def judge(challenger: Scores, rule: Scores, champion: Scores | None, costs: Mapping[int, Cost], limits: Limits) -> Verdict:
    """Compares on the same held-out rows: against the rule, the champion if there is one, and the limits."""
    findings = [_cheaper(challenger, rule, "error-code rule", costs)]
    if champion is not None:
        findings.append(_cheaper(challenger, champion, "champion", costs))
    findings += [_calibration(challenger, limits), _slices(challenger, limits)]
    if not sum(cell.tally.positives for cell in challenger.cells):
        findings.append((False, "no failure in the held-out rows: nothing can be judged"))
    against = tuple(text for good, text in findings if not good)
    return Verdict(not against, tuple(text for good, text in findings if good), against)
