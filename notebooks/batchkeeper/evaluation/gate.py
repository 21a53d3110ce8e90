"""The gate: whether a challenger becomes champion, with every reason for and against."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchkeeper.evaluation.metrics import Scores, Tally
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.training.costs import Cost

DISABLED, DRY_RUN, ENABLED = "disabled", "dry_run", "enabled"
MODES = (DISABLED, DRY_RUN, ENABLED)


@dataclass(frozen=True)
class Limits:
    """What a challenger must keep to.

    Attributes:
        calibration_error: largest expected calibration error of any head, before sampling error.
        slice_f1_drop: how far the F1 of a slice at the first horizon may lie below that of the fleet.
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


@dataclass(frozen=True)
class Gate:
    """The gate of a scenario.

    Attributes:
        costs: of decisions, by horizon.
    """

    scenario: Scenario
    costs: Mapping[int, Cost]
    limits: Limits

    def judge(self, challenger: Scores, rule: Scores, champion: Scores | None) -> Verdict:
        """Compares on the same held-out rows: against the rule, the champion if there is one, and the limits."""
        findings = [self._cheaper(challenger, rule, self.scenario.rule.name)]
        if champion is not None:
            findings.append(self._cheaper(challenger, champion, "champion"))
        findings += [self._calibration(challenger), self._slices(challenger)]
        if not sum(cell.tally.positives for cell in challenger.cells):
            findings.append((False, "no failure in the held-out rows: nothing can be judged"))
        against = tuple(text for good, text in findings if not good)
        return Verdict(not against, tuple(text for good, text in findings if good), against)

    @property
    def _first(self) -> int:
        """The horizon by which models are compared in words."""
        return self.scenario.hours[0]

    def total_cost(self, scores: Scores) -> float:
        """What the decisions would have cost on the scored rows, at the horizons whose alerts somebody acts on."""
        total = 0.0
        for horizon in (one.hours for one in self.scenario.horizons if one.acted_on):
            tally, cost = scores.micro(horizon), self.costs[horizon]
            total += tally.missed * cost.missed_failure + tally.false_alerts * cost.needless_action
        return total

    def _cheaper(self, challenger: Scores, other: Scores, name: str) -> tuple[bool, str]:
        mine, theirs = self.total_cost(challenger), self.total_cost(other)
        f1, other_f1 = (scores.micro(self._first).quality()["f1"] for scores in (challenger, other))
        compared = f"{self._first} h F1 {f1:.3f} against {other_f1:.3f}"
        return mine < theirs, f"cost of decisions {mine:.0f} against {theirs:.0f} of the {name} ({compared})"

    def _calibration(self, challenger: Scores) -> tuple[bool, str]:
        errors = {head: challenger.calibration_error(*head) for head in self.scenario.heads}
        step = AsOfGrid.of(self.scenario).step_hours
        allowed = {
            head: self.limits.calibration_error + luck(challenger.bins(*head), head[1] / step) for head in errors
        }
        target, horizon = worst = max(errors, key=lambda head: errors[head] - allowed[head])
        text = f"calibration error of {target} at {horizon} h is {errors[worst]:.4f}"
        return errors[worst] <= allowed[worst], f"{text}, the nearest to its limit of {allowed[worst]:.4f}"

    def _slices(self, challenger: Scores) -> tuple[bool, str]:
        fleet, drop = challenger.micro(self._first).quality()["f1"], self.limits.slice_f1_drop
        judged = {
            name: tally.quality()["f1"]
            for name, tally in challenger.slices(self._first).items()
            if tally.positives >= self.limits.min_slice_failures
        }
        what = f"{self._first} h F1 of"
        if bad := [f"{name} {f1:.3f}" for name, f1 in sorted(judged.items()) if f1 < fleet - drop]:
            return False, f"{what} {', '.join(bad)} is more than {drop} below the fleet's {fleet:.3f}"
        return True, f"{what} all {len(judged)} slices within {drop} of the fleet's {fleet:.3f}"


def luck(bins: Sequence[Tally], points_of_a_failure: float) -> float:
    """The calibration error that a perfectly calibrated model would show by luck: mean and two standard deviations.

    The deviation of a bin is about normal, so its absolute value has the mean sqrt(2/pi) and the variance 1 - 2/pi of
    the bin's variance. The rows of one entity within a horizon share their failure, so they count once.
    """
    rows = sum(tally.rows for tally in bins)
    mean = variance = 0.0
    for tally in bins:
        chance = tally.probability / tally.rows
        spread = chance * (1 - chance) / max(tally.rows / points_of_a_failure, 1.0)
        share = tally.rows / rows
        mean += share * math.sqrt(2 / math.pi * spread)
        variance += share**2 * (1 - 2 / math.pi) * spread
    return mean + 2 * math.sqrt(variance)
