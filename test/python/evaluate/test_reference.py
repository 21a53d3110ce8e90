"""The reference's rows and labels, worked out by hand for one machine."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from evaluate.quality import threshold_of_precision
from evaluate.reference import TEST, TRAIN, bin_of, machine_rows, reference_rows
from simulator.days import closing_hour
from simulator.machines.fleet import Events, Machine, MachineHistory

NONE = Events.of([])
SIX = closing_hour(date(2015, 12, 10))


def history(*failures: tuple[int, int]) -> MachineHistory:
    return MachineHistory(Machine(7, "model1", 18), NONE, Events.of(list(failures)), NONE)


def test_six_in_the_morning_falls_into_the_bin_of_noon() -> None:
    assert bin_of(SIX) == SIX + 6
    assert bin_of(SIX + 11) == SIX + 6
    assert bin_of(SIX + 12) == SIX + 18
    assert bin_of(SIX - 1) == SIX - 6


@pytest.mark.parametrize(("span", "bins"), [(TEST, 66), (TRAIN, 604)])
def test_a_machine_without_failures_has_one_row_a_bin(span: tuple[int, int], bins: int) -> None:
    rows = reference_rows([history()], span)

    assert len(rows.labels) == bins
    assert not rows.labels.any()
    assert set(rows.machines.tolist()) == {7}


def test_a_failure_labels_its_own_row_and_the_seven_before() -> None:
    bins, labels = machine_rows(history((SIX, 3)), *TEST)
    positive = sorted(bin_ for bin_, label in zip(bins, labels, strict=True) if label == 3)

    assert positive == [SIX + 6 - 12 * back for back in range(7, -1, -1)]


def test_a_double_failure_makes_two_rows_and_adds_up_to_another_component() -> None:
    bins, labels = machine_rows(history((SIX, 1), (SIX, 2)), *TEST)

    assert len(bins) == 67
    assert bins.count(SIX + 6) == 2
    # Going back in time: the row of comp2 alone, then both rows in sight, then comp1 alone when comp2 is eight rows
    # away.
    assert labels[labels > 0].tolist() == [2, 3, 3, 3, 3, 3, 3, 3, 1]


def test_sums_are_cut_off_at_four() -> None:
    _, labels = machine_rows(history((SIX, 3), (SIX, 4)), *TEST)

    assert labels.max() == 4


def test_the_threshold_keeps_the_precision_and_finds_the_most() -> None:
    rng = np.random.default_rng(1)
    score = rng.random(400).round(2)
    label = rng.random(400) < score**3
    chosen = threshold_of_precision(score, label, 0.7)

    kept = [threshold for threshold in np.unique(score) if label[score >= threshold].mean() >= 0.7]
    assert chosen == pytest.approx(min(kept))
    with pytest.raises(ValueError, match=r"precision of 1\.1"):
        threshold_of_precision(score, label, 1.1)
