"""Whether anything of the future, or of the labels, reaches the features."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from evaluate.findings import Finding
from evaluate.lab import END, TEST_FROM, Lab, Tell, known_histories, plan_year, write_drops
from evaluate.truth import COMPONENTS, Flags, Numbers, Points, hours_to_failure
from simulator.days import Span, closing_hour
from simulator.machines.fleet import MachineHistory
from workbench.session import LocalSession

SECTION = "leakage"
_FUTURE_MACHINES = 20
_CUT = date(2015, 3, 1)


def area_under_curve(probability: Numbers, label: Flags) -> float:
    """The chance that a failing point has the higher probability; one half is no knowledge. Ties count half."""
    _, index, counts = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[index.reshape(probability.shape)]
    positives, total = int(label.sum()), label.size
    return float((ranks[label].sum() - positives * (positives + 1) / 2) / (positives * (total - positives)))


def _exchange_failures(path: Path, machines: int, seed: int) -> dict[int, int]:
    """Gives each machine's failures to another machine; returns who got whose."""
    order = np.random.default_rng(seed).permutation(machines)
    others = {int(order[index]) + 1: int(order[(index + 1) % machines]) + 1 for index in range(machines)}
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    moved = sorted(
        ([time, str(others[int(machine)]), what] for time, machine, what in rows[1:]),
        key=lambda row: (int(row[1]), row[0]),
    )
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([rows[0], *moved])
    return others


def shuffled_labels(session: LocalSession, folder: Path, machines: int, seed: int, tell: Tell) -> list[Finding]:
    """Trains on failures that belong to other machines: whatever is learnt then cannot be honest."""
    plan = plan_year(folder, machines, seed, None)
    files = write_drops(plan)
    others = _exchange_failures(next(folder.glob("failures/*.csv")), machines, seed)
    lab = Lab(session, "shuffled", tell)
    lab.load(folder, files)
    model = lab.train()
    histories = {history.machine.id: history for history in known_histories(plan)}
    given: list[MachineHistory] = [
        replace(histories[target], failures=histories[origin].failures)
        for origin, target in sorted(others.items(), key=lambda pair: pair[1])
    ]
    points = Points.of(given, closing_hour(TEST_FROM), closing_hour(END) - 48)
    label, probability = hours_to_failure(given, points) <= 48, lab.ask(model, points)[48]
    areas = [
        area_under_curve(probability[..., index], label[..., index])
        for index in range(len(COMPONENTS))
        if label[..., index].any()
    ]
    return [
        Finding(SECTION, "area under the curve, shuffled labels", float(np.mean(areas)), most=0.6, beside="chance 0.5")
    ]


def altered_future(session: LocalSession, folder: Path, seed: int, tell: Tell) -> list[Finding]:
    """Two fleets that are the same up to a day and differ afterwards must have the same features up to that day."""
    whole = replace(
        plan_year(folder / "same", _FUTURE_MACHINES, seed, None), end=_CUT + timedelta(days=30), history_until=_CUT
    )
    labs = []
    for name, later_seed in (("future_one", seed), ("future_two", seed + 1)):
        drops = folder / name
        history = replace(whole, out=drops, end=_CUT)
        write_drops(history)
        later = replace(
            whole, out=drops, seed=later_seed, history_until=None, only_days=Span(_CUT + timedelta(days=1), whole.end)
        )
        lab = Lab(session, name, tell)
        lab.load(drops, write_drops(later))
        labs.append(lab)
    differing, control = labs[0].features_that_differ(labs[1], _CUT), labs[0].features_that_differ(labs[1], whole.end)
    words = (
        f"up to the cut; {control} differ after it"
        if control
        else "the altered data changed nothing: this check is blind"
    )
    return [
        Finding(
            SECTION,
            "feature rows changed by altered later data",
            float(differing if control else 1),
            most=0,
            beside=words,
        )
    ]
