"""Metrics over labels, and over failures as events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluate.truth import COMPONENTS, GRID_HOURS, Flags, Numbers

HOURS_PER_MONTH = 730.5
_CLIP = 1e-6


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1; 0 where nothing was predicted or nothing was there."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, decided: Flags, label: Flags) -> Scores:
        """Counts over all labels given (micro average)."""
        hits = int((decided & label).sum())
        precision = hits / max(int(decided.sum()), 1)
        recall = hits / max(int(label.sum()), 1)
        return cls(precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0)


def per_component(decided: Flags, label: Flags) -> dict[str, Scores]:
    """The scores of each component; the last axis is the component."""
    return {name: Scores.of(decided[..., index], label[..., index]) for index, name in enumerate(COMPONENTS)}


def log_loss(probability: Numbers, label: Flags) -> float:
    """Mean log-loss; probabilities are clipped to [1e-6, 1 - 1e-6]."""
    clipped = np.clip(probability, _CLIP, 1 - _CLIP)
    return float(-np.where(label, np.log(clipped), np.log1p(-clipped)).mean())


def brier(probability: Numbers, label: Flags) -> float:
    """Mean squared difference of probability and outcome."""
    return float(((probability - label) ** 2).mean())


def calibration_table(probability: Numbers, label: Flags, bins: int = 10) -> list[tuple[int, float, float]]:
    """Per bin of equal width that is not empty: rows, mean probability, share that failed."""
    flat, outcome = probability.ravel(), label.ravel()
    number = np.minimum((flat * bins).astype(int), bins - 1)
    return [
        (int(inside.sum()), float(flat[inside].mean()), float(outcome[inside].mean()))
        for inside in (number == index for index in range(bins))
        if inside.any()
    ]


def calibration_error(probability: Numbers, label: Flags) -> float:
    """Expected calibration error: the bins' gaps, weighted by their rows."""
    table = calibration_table(probability, label)
    return sum(rows * abs(mean - share) for rows, mean, share in table) / sum(rows for rows, _, _ in table)


@dataclass(frozen=True)
class Alerts:
    """Failures as events: how many were announced in time, and how many alerts were for nothing."""

    failures: int
    announced: int
    median_lead_hours: float
    episodes: int
    false_episodes: int
    false_per_machine_month: float
    decoy_share: float

    @property
    def recall(self) -> float:
        """Share of failures that were announced in time."""
        return self.announced / max(self.failures, 1)


def alerts(
    decided: Flags,
    ahead: Numbers,
    decoys: Flags,
    *,
    horizon_hours: int,
    least_lead_hours: float,
    delay_hours: float = 0.5,
) -> Alerts:
    """Judges alerts as events. Consecutive alerts of one component are one episode; it is false when no failure follows
    within the horizon.

    `ahead` are the hours to the next failure, `decoys` the points inside decoy steps. Lead counts from when the score
    is available, `delay_hours` after T. Only failures are counted whose whole announcement (`horizon_hours` before
    them) lies in the points.
    """
    announced = failures = 0
    leads: list[float] = []
    columns = np.moveaxis(decided, 1, 2).reshape(-1, decided.shape[1])
    distances = np.moveaxis(ahead, 1, 2).reshape(columns.shape)
    for row in np.flatnonzero((distances <= horizon_hours).any(axis=1)):
        for failure in _failures(distances[row], horizon_hours):
            failures += 1
            lead = distances[row][failure][columns[row][failure]]
            best = float(lead.max()) - delay_hours if len(lead) else 0.0
            announced += best >= least_lead_hours
            leads.append(best)
    starts, true_, decoy = _episodes(
        columns, distances <= horizon_hours, np.moveaxis(decoys, 1, 2).reshape(columns.shape)
    )
    false = int((~true_).sum())
    months = decided.shape[0] * decided.shape[1] * GRID_HOURS / HOURS_PER_MONTH
    return Alerts(
        failures,
        announced,
        float(np.median(leads)) if leads else 0.0,
        starts,
        false,
        false / months,
        float(decoy.sum()) / max(starts, 1),
    )


def _failures(distance: Numbers, horizon_hours: int) -> list[NDArray[np.int64]]:
    """The points before each failure from which it is at most `horizon_hours` away; only failures with all of those
    points.
    """
    inside = np.flatnonzero(distance <= horizon_hours)
    jumps = np.flatnonzero(np.diff(distance[inside]) >= 0) + 1
    return [
        found
        for found in np.split(inside, jumps)
        if distance[found[0]] > horizon_hours - GRID_HOURS and distance[found[-1]] <= GRID_HOURS
    ]


def _episodes(columns: Flags, ahead: Flags, decoys: Flags) -> tuple[int, Flags, Flags]:
    """Runs of consecutive alerts: their number, which of them a failure followed, and which of the others lie in a
    decoy.
    """
    begins = columns & ~np.pad(columns, ((0, 0), (1, 0)))[:, :-1]
    number = np.cumsum(begins.ravel()) - 1
    count = int(begins.sum())
    flags = columns.ravel()
    followed, decoyed = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    followed[number[flags & ahead.ravel()]] = True
    decoyed[number[flags & decoys.ravel()]] = True
    return count, followed, decoyed & ~followed
