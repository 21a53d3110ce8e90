"""Plots that go with a model version."""

from __future__ import annotations

from matplotlib.figure import Figure

from batchkeeper.evaluation.metrics import Scores, Tally
from batchkeeper.scenario.declaration import Scenario


def reliability_plot(scenario: Scenario, scores: Scores) -> Figure:
    """Observed rate against predicted probability, one panel a horizon; only bins of at least 20 rows."""
    figure = Figure(figsize=(4 * len(scenario.hours), 4), layout="constrained")
    for axes, horizon in zip(figure.subplots(1, len(scenario.hours), squeeze=False)[0], scenario.hours, strict=True):
        axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
        for target in scenario.targets.names:
            bins: dict[int, Tally] = {}
            for cell in scores.cells:
                if (cell.target, cell.horizon) == (target, horizon):
                    bins[cell.bin] = bins.get(cell.bin, Tally()) + cell.tally
            shown = [tally for _, tally in sorted(bins.items()) if tally.rows >= 20]
            axes.plot(
                [t.probability / t.rows for t in shown],
                [t.positives / t.rows for t in shown],
                marker="o",
                markersize=3,
                label=target,
            )
        axes.set(
            title=f"failure within {horizon} h",
            xlabel="predicted probability",
            ylabel="observed rate",
            xlim=(0, 1),
            ylim=(0, 1),
        )
    figure.axes[0].legend()
    return figure
