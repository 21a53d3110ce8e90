"""Decisions by cost: what a missed failure and a needless intervention cost at each horizon."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from batchkeeper.errors import ParameterError
from batchkeeper.scenario.decisions import Horizon


@dataclass(frozen=True)
class Cost:
    """Money, in any one unit: of a failure that was not announced, and of acting without need."""

    missed_failure: float
    needless_action: float

    @property
    def threshold(self) -> float:
        """Acting pays from this probability on: p * missed > (1 - p) * needless. Holds for calibrated probabilities."""
        return self.needless_action / (self.needless_action + self.missed_failure)


def parse_costs(text: str, horizons: Sequence[Horizon]) -> dict[int, Cost]:
    """The cost table from JSON `{"24": [missed, needless], …}`; an empty text gives that of the scenario.

    Raises:
        ParameterError: a horizon is missing, or a cost is not above zero.
    """
    if not text:
        return {horizon.hours: Cost(horizon.missed, horizon.needless) for horizon in horizons}
    try:
        costs = {
            int(horizon): Cost(float(missed), float(needless))
            for horizon, (missed, needless) in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        example = json.dumps({str(horizon.hours): [horizon.missed, horizon.needless] for horizon in horizons})
        raise ParameterError(f"costs: {text!r} is not JSON such as {example}") from error
    wanted = [horizon.hours for horizon in horizons]
    if set(costs) != set(wanted):
        raise ParameterError(f"costs: horizons {sorted(costs)} must be {wanted}")
    if any(cost.missed_failure <= 0 or cost.needless_action <= 0 for cost in costs.values()):
        raise ParameterError("costs: every cost must be above 0")
    return costs
