"""Decisions by cost: what a missed failure and a needless intervention cost at each horizon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from batchkeeper.errors import ParameterError
from predictive_maintenance.labels import HORIZONS


@dataclass(frozen=True)
class Cost:
    """Money, in any one unit: of a failure that was not announced, and of acting without need."""

    missed_failure: float
    needless_action: float

    @property
    def threshold(self) -> float:
        """Acting pays from this probability on: p * missed > (1 - p) * needless. Holds for calibrated probabilities."""
        return self.needless_action / (self.needless_action + self.missed_failure)


DEFAULT_COSTS: Mapping[int, Cost] = {
    24: Cost(missed_failure=1500, needless_action=1000),  # stop the machine today and replace the part
    48: Cost(missed_failure=1500, needless_action=1000),
    168: Cost(missed_failure=1500, needless_action=300),  # have part and technician ready for the next visit
}


def parse_costs(text: str) -> dict[int, Cost]:
    """The cost table from JSON `{"24": [missed, needless], …}`; an empty text gives the default.

    Raises:
        ParameterError: a horizon is missing, or a cost is not above zero.
    """
    if not text:
        return dict(DEFAULT_COSTS)
    try:
        costs = {int(horizon): Cost(float(missed), float(needless)) for horizon, (missed, needless) in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ParameterError(
            f'costs: {text!r} is not JSON such as {{"24": [1500, 1000], "48": [1500, 1000], "168": [1500, 300]}}'
        ) from error
    if set(costs) != set(HORIZONS):
        raise ParameterError(f"costs: horizons {sorted(costs)} must be {list(HORIZONS)}")
    if any(cost.missed_failure <= 0 or cost.needless_action <= 0 for cost in costs.values()):
        raise ParameterError("costs: every cost must be above 0")
    return costs
