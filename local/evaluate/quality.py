"""Judges probabilities and decisions of one horizon against what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluate import metrics
from evaluate.findings import Finding
from evaluate.metrics import Scores
from evaluate.truth import COMPONENTS, Flags, Numbers

F1_BARS = {24: (0.99, 0.98), 48: (0.88, None)}  # micro, each component
F1_BARS_WITHOUT_VISIT = {24: 0.98, 48: 0.83}
EVENT_RECALL_BAR = 0.995
FALSE_ALERTS_BAR = 0.02  # per machine and month
LEAST_LEAD_HOURS = 12.0
CALIBRATION_BAR = 0.01
_TRADED = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class Judged:
    """The points of one horizon whose labels are complete; arrays are (machines, hours, components)."""

    horizon_hours: int
    probability: Numbers
    decided: Flags
    ahead: Numbers
    rule: Flags
    eligible: Numbers

    @property
    def label(self) -> Flags:
        """Whether the component fails within the horizon."""
        return self.ahead <= self.horizon_hours


def classification(judged: Judged) -> list[Finding]:
    """Micro and per-component F1 beside the rule and the all-negative baseline."""
    section = f"{judged.horizon_hours} h: decisions"
    micro_bar, component_bar = F1_BARS.get(judged.horizon_hours, (None, None))
    model, rule = Scores.of(judged.decided, judged.label), Scores.of(judged.rule, judged.label)
    words = (
        f"P {model.precision:.3f} R {model.recall:.3f} | rule {rule.f1:.3f} (P {rule.precision:.3f} R "
        f"{rule.recall:.3f}), all-negative 0"
    )
    found = [Finding(section, "micro F1", model.f1, micro_bar, beside=words)]
    rules = metrics.per_component(judged.rule, judged.label)
    for name, scores in metrics.per_component(judged.decided, judged.label).items():
        found.append(Finding(section, f"F1 {name}", scores.f1, component_bar, beside=f"rule {rules[name].f1:.3f}"))
    accuracy = float((judged.decided == judged.label).mean())
    return [
        *found,
        Finding(section, "accuracy per label", accuracy, beside=f"all-negative {1 - judged.label.mean():.4f}"),
    ]


def probabilities(judged: Judged, base_rates: Numbers) -> list[Finding]:
    """Log-loss and Brier score beside base rate and eligibility table, and calibration error; bars at 168 h only."""
    section = f"{judged.horizon_hours} h: probabilities"
    barred = judged.horizon_hours not in F1_BARS
    base = np.broadcast_to(base_rates, judged.label.shape)
    found = [
        Finding(
            section,
            "calibration error",
            metrics.calibration_error(judged.probability, judged.label),
            most=CALIBRATION_BAR if barred else None,
        )
    ]
    for name, measure in (("log-loss", metrics.log_loss), ("Brier score", metrics.brier)):
        table, rate = measure(judged.eligible, judged.label), measure(base, judged.label)
        value = measure(judged.probability, judged.label)
        found.append(
            Finding(
                section,
                name,
                value,
                most=table if barred else None,
                beside=f"eligibility {table:.4f}, base rate {rate:.4f}",
            )
        )
        for index, component in enumerate(COMPONENTS):
            model, known, constant = (
                measure(values[..., index], judged.label[..., index])
                for values in (judged.probability, judged.eligible, base)
            )
            words = f"eligibility {known:.4f}, base rate {constant:.4f}"
            found.append(Finding(section, f"{name} {component}", model, most=known if barred else None, beside=words))
    return found


def reliability(judged: Judged) -> list[str]:
    """The reliability table in words."""
    rows = metrics.calibration_table(judged.probability, judged.label)
    return [f"    {count:8d} labels said {mean:.3f}, {share:.3f} failed" for count, mean, share in rows]


def events(judged: Judged, decoys: Flags) -> list[Finding]:
    """Failures announced in time and alerts for nothing, beside the rule."""
    section = f"{judged.horizon_hours} h: failures as events"
    model, rule = (
        metrics.alerts(
            decided, judged.ahead, decoys, horizon_hours=judged.horizon_hours, least_lead_hours=LEAST_LEAD_HOURS
        )
        for decided in (judged.decided, judged.rule)
    )
    return [
        Finding(
            section,
            "announced >= 12 h ahead",
            model.recall,
            EVENT_RECALL_BAR,
            beside=f"of {model.failures}; rule {rule.recall:.4f}",
        ),
        Finding(section, "median lead, hours", model.median_lead_hours, beside=f"rule {rule.median_lead_hours:.1f}"),
        Finding(
            section,
            "false alerts per machine-month",
            model.false_per_machine_month,
            most=FALSE_ALERTS_BAR,
            beside=f"rule {rule.false_per_machine_month:.4f}",
        ),
        Finding(section, "share of alerts that are decoys", model.decoy_share, beside=f"rule {rule.decoy_share:.4f}"),
    ]


def trade_off(judged: Judged, note: str = "") -> list[str]:
    """What other thresholds, that is other costs, would have given; `note` stands behind the horizon."""
    found = []
    for threshold in _TRADED:
        scores = Scores.of(judged.probability >= threshold, judged.label)
        words = f"threshold {threshold:.2f}: F1 {scores.f1:.4f}, P {scores.precision:.3f}, R {scores.recall:.3f}"
        found.append(f"    {judged.horizon_hours:4d} h{note}, {words}")
    return found


def threshold_of_precision(score: Numbers, hit: Flags, least: float) -> float:
    """The lowest threshold that keeps the precision at `least`, which finds the most; `hit` says whether a row would be
    right if decided.

    Raises:
        ValueError: no threshold does.
    """
    order = np.argsort(-score)
    ordered, hits = score[order], np.cumsum(hit[order])
    last_of_ties = np.append(ordered[1:] != ordered[:-1], True)
    kept = np.flatnonzero((hits / np.arange(1, len(order) + 1) >= least) & last_of_ties)
    if not len(kept):
        raise ValueError(f"no threshold has a precision of {least}")
    return float(ordered[kept[-1]])
