"""Faults of baselines, slices and words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batchkeeper.scenario.checks.fault import Fault, repeated
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_BRACED = re.compile(r"\{(\w*)\}")
_NUMBER = re.compile(r"\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[LDFldf]?\b")
_SQL = frozenset(
    re.findall(
        r"\w+",
        "and or not case when then else end in is null true false between like rlike coalesce least greatest abs cast "
        "as double int if nullif",
    )
)
_WORDS = {
    "reading": {"name", "hours", "size", "unit", "side", "entity", "deviations"},
    "counter": {"name", "rise", "hours", "level", "unit"},
    "level": {"name", "level", "unit"},
    "event": {"code", "hours"},
    "replaced": {"target", "days"},
    "never_replaced": {"target"},
    "visit": {"hours"},
    "readings": {"count", "expected", "hours"},
}


def baselines(scenario: Scenario) -> Iterator[Fault]:
    known = {name.casefold() for name in feature_set(scenario).names}
    named = [("rule", scenario.rule), *((f"baselines[{place}]", one) for place, one in enumerate(scenario.baselines))]
    for where, baseline in named:
        if set(baseline.of) != set(scenario.targets.names):
            yield f"{where}.of", f"must name each of {', '.join(scenario.targets.names)}"
        for target, text in baseline.of.items():
            bare = _NUMBER.sub(" ", _QUOTED.sub(" ", text.replace("{horizon}", " ")))
            strange = sorted({word for word in _WORD.findall(bare) if word.casefold() not in known | _SQL})
            if strange:
                yield f"{where}.of[{target}]", f"{', '.join(strange)} is no feature"
    if twice := repeated(one.name for _, one in named):
        yield "baselines", f"twice: {', '.join(twice)}"


def slices(scenario: Scenario) -> Iterator[Fault]:
    types = {feature.name: feature.type for feature in feature_set(scenario).features}
    for place, part in enumerate(scenario.slices):
        if part.feature not in types:
            yield f"slices[{place}].feature", f"{part.feature!r} is no feature"
        elif part.bands and types[part.feature] == "string":
            yield f"slices[{place}].bands", f"are for a number, {part.feature} is a text"


def words(scenario: Scenario) -> Iterator[Fault]:
    facts = {fact.name for fact in scenario.fleet.facts} if scenario.fleet else set()
    for kind, known in {**_WORDS, "facts": facts}.items():
        if strange := sorted(set(_BRACED.findall(getattr(scenario.words, kind))) - known):
            yield f"words.{kind}", f"{', '.join(strange)} is none of {', '.join(sorted(known)) or 'no fact'}"
