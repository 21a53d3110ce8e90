"""Population stability index (PSI): how far a feature's distribution has moved from that of the training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

NOTABLE, SERIOUS = 0.1, 0.25
_FLOOR = 1e-4


@dataclass(frozen=True)
class Drift:
    """The PSI of one feature: below 0.1 steady, from 0.25 on another distribution. `missing` = share of rows without a
    value.
    """

    feature: str
    psi: float
    rows: int
    missing: float


def edges_and_shares(quantiles: Sequence[float]) -> tuple[list[float], list[float]]:
    """Distinct bin edges, and the share of the baseline in each bin; equal quantiles (a lump in the data) join their
    bins.
    """
    step = 1 / (len(quantiles) + 1)
    edges: list[float] = []
    shares: list[float] = []
    for value in quantiles:
        if edges and value == edges[-1]:
            shares[-1] += step
            continue
        edges.append(value)
        shares.append(step)
    shares.append(1 - sum(shares))
    return edges, shares


def psi(expected: Sequence[float], counts: Sequence[int]) -> float:
    """Sum over the bins of (actual - expected) * ln(actual / expected), with shares below 0.0001 cut off there."""
    total = sum(counts)
    if not total:
        return 0.0
    result = 0.0
    for share, count in zip(expected, counts, strict=True):
        wanted, found = max(share, _FLOOR), max(count / total, _FLOOR)
        result += (found - wanted) * math.log(found / wanted)
    return result


def fitted_to_lump(shares: Sequence[float], counts: Sequence[int], quantiles: Sequence[float]) -> list[float]:
    """The baseline's shares when its highest quantiles are one value, such as a flag that is seldom set.

    How much of the baseline lies above that value is then known only to be at most one step: the share nearest to the
    actual one is taken, so that a constant feature does not drift.
    """
    total = sum(counts)
    if len(quantiles) < 2 or quantiles[-1] != quantiles[-2] or not total:
        return list(shares)
    above = min(counts[-1] / total, shares[-1])
    return [*shares[:-2], shares[-2] + shares[-1] - above, above]


def measure_drift(rows: DataFrame, baseline: Mapping[str, Sequence[float]]) -> list[Drift]:
    """The drift of each feature of `baseline` (name -> ascending quantiles) in `rows`; one Spark job, the worst feature
    first.
    """
    bins = {
        name: edges_and_shares(quantiles) for name, quantiles in baseline.items() if name in rows.columns and quantiles
    }
    if not bins:
        return []
    # As SQL: a Column for each edge is thousands of calls to the JVM.
    values = []
    for name, (edges, _) in bins.items():
        above = (
            f"size(filter(array({', '.join(f'{edge!r}D' for edge in edges)}), edge -> CAST({name} AS DOUBLE) > edge))"
        )
        values.append(f"struct('{name}' AS feature, CASE WHEN {name} IS NOT NULL THEN {above} END AS bin)")
    exploded = rows.selectExpr(f"inline(array({', '.join(values)}))")
    counts: dict[str, dict[int | None, int]] = {name: {} for name in bins}
    for feature, bin_, count in exploded.groupBy("feature", "bin").count().collect():
        counts[feature][bin_] = int(count)
    found = [_drift(name, bins[name][1], counts[name], baseline[name]) for name in bins]
    return sorted(found, key=lambda drift: (-drift.psi, drift.feature))


def _drift(name: str, shares: Sequence[float], counts: Mapping[int | None, int], quantiles: Sequence[float]) -> Drift:
    present = [counts.get(number, 0) for number in range(len(shares))]
    rows = sum(counts.values())
    return Drift(
        name,
        psi(fitted_to_lump(shares, present, quantiles), present),
        rows,
        counts.get(None, 0) / rows if rows else 0.0,
    )
