"""Everything about one fleet: decisions, probabilities, events, and what the planned visit is worth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluate import quality
from evaluate.findings import Finding
from evaluate.lab import END, START, TEST_FROM, Lab, Tell, known_histories, plan_year, write_drops
from evaluate.metrics import Scores
from evaluate.reference import reference_mode
from evaluate.truth import Flags, Numbers, Points, eligibility, hours_to_failure, rule
from simulator.days import closing_hour
from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory
from simulator.machines.plan import Plan
from simulator.machines.telemetry import decoy_steps
from workbench.session import LocalSession

_BASE_RATE_FROM = START


class Study:
    """A fleet, its truth, and the models trained on it."""

    def __init__(
        self, session: LocalSession, folder: Path, machines: int | None, seed: int, events: Path | None, tell: Tell
    ) -> None:
        self._plan: Plan = plan_year(folder, machines, seed, events)
        self._lab = Lab(session, f"study_{seed}", tell)
        self._tell = tell
        self._histories: list[MachineHistory] = known_histories(self._plan)
        self.reliability: list[str] = []
        self.trade_offs: list[str] = []

    def run(self) -> Iterator[Finding]:
        """The findings, in the order of the report."""
        self._tell(f"{len(self._histories)} machines: simulating the year")
        self._lab.load(self._plan.out, write_drops(self._plan))
        model = self._lab.train()
        points = self._points(0)
        answers = self._lab.ask(model, points)
        for horizon, threshold in sorted(model.thresholds.items()):
            judged = self._judged(answers[horizon], horizon, threshold)
            if horizon in quality.F1_BARS:
                yield from quality.classification(judged)
                self.trade_offs += quality.trade_off(judged)
            if horizon == min(model.thresholds):
                yield from quality.events(judged, self._decoys(judged.probability.shape[1]))
            yield from quality.probabilities(judged, self._base_rates(horizon))
            if horizon == max(model.thresholds):
                self.reliability = quality.reliability(judged)
        yield from self._ablation(points)
        yield from reference_mode(self._lab, self._histories, self._plan.out, self._plan.seed)

    def _points(self, horizon: int) -> Points:
        return Points.of(self._histories, closing_hour(TEST_FROM), closing_hour(END) - horizon)

    def _judged(self, answers: Numbers, horizon: int, threshold: float) -> quality.Judged:
        points = self._points(horizon)
        probability = answers[:, : len(points.hours)]
        return quality.Judged(
            horizon,
            probability,
            probability >= threshold,
            hours_to_failure(self._histories, points),
            rule(self._histories, points),
            eligibility(self._histories, points, horizon, self._plan.first_hour),
        )

    def _base_rates(self, horizon: int) -> Numbers:
        """The share of failing points of each component before the test span."""
        before = Points.of(self._histories, closing_hour(_BASE_RATE_FROM), closing_hour(TEST_FROM) - horizon)
        rates: Numbers = (hours_to_failure(self._histories, before) <= horizon).mean(axis=(0, 1))
        return rates

    def _decoys(self, count: int) -> Flags:
        """The points inside a decoy step of the component's sensor, or within a day of its end: what a trailing mean
        still sees.
        """
        points = self._points(0)
        found = np.zeros((len(self._histories), count, len(recipe.COMPONENTS)), dtype=bool)
        hours = points.hours[:count]
        for index, history in enumerate(self._histories):
            for step in decoy_steps(self._plan.seed, history.machine.id, self._plan.first_hour, int(hours[-1])):
                found[index, (hours >= step.first) & (hours <= step.last + 24), step.code - 1] = True
        return found

    def _ablation(self, points: Points) -> Iterator[Finding]:
        model = self._lab.train(with_visits=False)
        answers = self._lab.ask(model, points)
        for horizon, bar in quality.F1_BARS_WITHOUT_VISIT.items():
            judged = self._judged(answers[horizon], horizon, model.thresholds[horizon])
            scores = Scores.of(judged.decided, judged.label)
            words = f"P {scores.precision:.3f} R {scores.recall:.3f} at the threshold of the costs"
            self.trade_offs += quality.trade_off(judged, " without hours_to_next_visit")
            yield Finding("without hours_to_next_visit", f"micro F1 {horizon} h", scores.f1, bar, beside=words)
