"""The reference repository's own test rows and labels, faults included, to compare with its published figures. Never
for production.

Its bins of 12 h hold B-6 h .. B+5 h; a double failure makes two rows; a label is the sum of the component numbers of
its own row and the next seven, cut off at 4. Our model gets the same rows and labels, with features as of B-6 h, which
use nothing later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluate.findings import Finding
from evaluate.lab import Lab
from evaluate.quality import threshold_of_precision
from evaluate.truth import Numbers
from simulator.days import closing_hour
from simulator.machines.fleet import MachineHistory

SECTION = "reference mode (its rows and labels)"
BIN_HOURS = 12
_LOOK_AHEAD = 7
_CLASSES = 5
# By recall on the validation span: .553 at the precision below, .531 with a sample of .08.
_SAMPLE = 0.2
# Of the operating points that validation offers, one that keeps a margin over the bar of .75.
_PRECISION = 0.78
_PUBLISHED = "published F1 .423, P .917, R .275"

TRAIN = (closing_hour(date(2015, 1, 1)) + 6, closing_hour(date(2015, 10, 30)) - 6)
VALIDATION_FROM = closing_hour(date(2015, 10, 1)) - 6
TEST = (closing_hour(date(2015, 11, 30)) - 6, closing_hour(date(2016, 1, 1)) + 6)

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows of many machines: machine, bin (hours since 1970) and label 0 .. 4."""

    machines: Integers
    bins: Integers
    labels: Integers

    def to_parquet(self, path: Path, kept: NDArray[np.bool_], weights: Numbers) -> None:
        """Writes the kept rows with the as-of time of their features, six hours before the bin."""
        as_of = pa.array((self.bins[kept] - 6) * 3_600_000_000, pa.timestamp("us", tz="UTC"))
        columns = {
            "machine_id": self.machines[kept].astype(np.int32),
            "row": np.flatnonzero(kept),
            "label": self.labels[kept].astype(float),
        }
        pq.write_table(pa.table({**columns, "as_of": as_of, "weight": weights[kept]}), path)


def bin_of(hour: int) -> int:
    """The bin that an hour falls into: the nearest multiple of 12 h, halves up."""
    return (hour + BIN_HOURS // 2) // BIN_HOURS * BIN_HOURS


def machine_rows(history: MachineHistory, first: int, last: int) -> tuple[list[int], Integers]:
    """Bins and labels of one machine from the last bin to the first; at a double failure the higher component comes
    first.
    """
    failed: dict[int, list[int]] = {}
    for hour, code in zip(history.failures.hours.tolist(), history.failures.codes.tolist(), strict=True):
        failed.setdefault(bin_of(hour), []).append(code)
    rows = [
        (bin_, code)
        for bin_ in range(last, first - 1, -BIN_HOURS)
        for code in sorted(failed.get(bin_, [0]), reverse=True)
    ]
    sums = np.concatenate([[0], np.cumsum([code for _, code in rows])])
    index = np.arange(len(rows))
    return [bin_ for bin_, _ in rows], np.minimum(
        sums[index + 1] - sums[np.maximum(index - _LOOK_AHEAD, 0)], _CLASSES - 1
    )


def reference_rows(histories: list[MachineHistory], span: tuple[int, int]) -> Rows:
    """The rows of all machines over the bins of a span."""
    made = [(history.machine.id, *machine_rows(history, *span)) for history in histories]
    return Rows(
        np.repeat([machine for machine, _, _ in made], [len(bins) for _, bins, _ in made]),
        np.concatenate([np.array(bins) for _, bins, _ in made]),
        np.concatenate([labels for _, _, labels in made]),
    )


def reference_mode(lab: Lab, histories: list[MachineHistory], scratch: Path, seed: int) -> Iterator[Finding]:
    """Precision, recall and F1 of naming the right component, as the reference counts rows."""
    train, test = reference_rows(histories, TRAIN), reference_rows(histories, TEST)
    drawn = np.random.default_rng(seed).random(len(train.labels)) < _SAMPLE
    learnt = (train.bins < VALIDATION_FROM) & (drawn | (train.labels > 0))
    weights = np.where(train.labels > 0, 1.0, 1 / _SAMPLE)
    train.to_parquet(scratch / "reference-train.parquet", learnt, weights)
    held_out = train.bins >= VALIDATION_FROM
    train.to_parquet(scratch / "reference-validation.parquet", held_out, weights)
    test.to_parquet(
        scratch / "reference-test.parquet", np.ones(len(test.labels), dtype=bool), np.ones(len(test.labels))
    )
    validation, tested = lab.fit_and_classify(
        scratch / "reference-train.parquet",
        [scratch / f"reference-{name}.parquet" for name in ("validation", "test")],
        _CLASSES,
        seed,
    )
    truth = train.labels[held_out]
    right = (truth > 0) & (validation[:, 1:].argmax(axis=1) + 1 == truth)
    threshold = threshold_of_precision(1 - validation[:, 0], right, _PRECISION)
    named = np.where(1 - tested[:, 0] >= threshold, tested[:, 1:].argmax(axis=1) + 1, 0)
    hits = int(((named == test.labels) & (named > 0)).sum())
    precision, recall = hits / max(int((named > 0).sum()), 1), hits / max(int((test.labels > 0).sum()), 1)
    counts = np.bincount(test.labels, minlength=_CLASSES).tolist()
    yield Finding(SECTION, "rows", float(len(test.labels)), beside=f"labels 0..4: {counts}")
    yield Finding(SECTION, "F1", 2 * precision * recall / max(precision + recall, 1e-9), 0.62, beside=_PUBLISHED)
    yield Finding(SECTION, "recall", recall, 0.55)
    yield Finding(SECTION, "precision", precision, 0.75)
