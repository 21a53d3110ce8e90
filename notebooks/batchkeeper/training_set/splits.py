"""Time splits: train, validation and test, each apart by a gap as long as the longest horizon and the longest window
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import iso
from batchkeeper.delta.times import literal
from batchkeeper.errors import ParameterError
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set

MIN_TRAIN_DAYS = 60
TRAIN, VALIDATION, TEST = "train", "validation", "test"


def needed_gap_hours(scenario: Scenario) -> int:
    """Below this gap a label of one split looks into the windows of the next."""
    return scenario.hours[-1] + feature_set(scenario).longest_window_hours


@dataclass(frozen=True)
class Splits:
    """Spans of as-of times, each (from, to]."""

    train: tuple[datetime, datetime]
    validation: tuple[datetime, datetime]
    test: tuple[datetime, datetime]

    def column(self) -> Column:
        """The split of a row by its `as_of`; null inside a gap."""
        chosen = sf.lit(None).cast("string")
        for name, (start, end) in ((TRAIN, self.train), (VALIDATION, self.validation), (TEST, self.test)):
            inside = sf.expr(f"as_of > {literal(start)} AND as_of <= {literal(end)}")
            chosen = sf.when(inside, name).otherwise(chosen)
        return chosen

    def as_text(self) -> dict[str, list[str]]:
        """The spans as ISO times, for storing."""
        return {
            name: [iso(start), iso(end)]
            for name, (start, end) in ((TRAIN, self.train), (VALIDATION, self.validation), (TEST, self.test))
        }


def make_splits(
    first: datetime, last: datetime, *, validation_days: int, test_days: int, gap_hours: int, least_gap_hours: int
) -> Splits:
    """Cuts (first, last] from its end: the test days, a gap, the validation days, a gap, and the rest to train on.

    Raises:
        ParameterError: the gap is too short, or too few days are left for training.
    """
    if gap_hours < least_gap_hours:
        raise ParameterError(f"gap_hours: {gap_hours} is below {least_gap_hours} = longest horizon + longest window")
    gap = timedelta(hours=gap_hours)
    test_from = last - timedelta(days=test_days)
    validation_to = test_from - gap
    validation_from = validation_to - timedelta(days=validation_days)
    train_to = validation_from - gap
    if train_to - first < timedelta(days=MIN_TRAIN_DAYS):
        raise ParameterError(
            f"window_start, window_end: of {iso(first)} .. {iso(last)} only {(train_to - first).days} days are "
            f"left to train on after "
            f"{test_days} test days, {validation_days} validation days and two gaps of {gap_hours} h; "
            f"{MIN_TRAIN_DAYS} are needed"
        )
    return Splits((first, train_to), (validation_from, validation_to), (test_from, last))
