"""The sentences for causes, as SQL over features: the words of the declaration with numbers filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import ceil, log10

from batchkeeper.delta.query import text
from batchkeeper.model.inputs import main_window
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import FACTS, NEXT_VISIT, READINGS, VISIT, feature_set
from batchkeeper.scenario.readings import Counter, Reading

_BRACED = re.compile(r"\{(\w+)\}")
_HOUR = timedelta(hours=1)


def sentences(scenario: Scenario) -> dict[str, str]:
    """SQL of a sentence for each family of inputs; null when it cannot be said."""
    return {family: sentence for family, sentence in _all(scenario) if sentence}


def filled_in(template: str, values: Mapping[str, str]) -> str:
    """SQL: the template with SQL values for its words in braces; empty for an empty template."""
    parts: list[str] = []
    end = 0
    for match in _BRACED.finditer(template):
        parts += [_quoted(template[end : match.start()]), values[match[1]]]
        end = match.end()
    parts.append(_quoted(template[end:]))
    return f"concat({', '.join(part for part in parts if part)})" if template else ""


def _quoted(words: str) -> str:
    return text(words) if words else ""


def _number(expression: str, decimals: int = 0) -> str:
    return f"format_number({expression}, {decimals})"


def _all(scenario: Scenario) -> Iterator[tuple[str, str]]:
    words = scenario.words
    for value in scenario.readings.values:
        of_value = _of_reading if isinstance(value, Reading) else _of_counter
        yield value.name, of_value(scenario, value)  # type: ignore[arg-type]
    for code in scenario.codes:
        seen = {"code": _quoted(scenario.spelled(code)), "hours": _number(f"{code}_hours_since")}
        yield code, filled_in(words.event, seen)
    for target in scenario.targets.names if scenario.maintenance else ():
        values = {"target": _quoted(scenario.spelled(target)), "days": _number(f"{target}_age_hours / 24")}
        said = [one for one in (filled_in(words.replaced, values), filled_in(words.never_replaced, values)) if one]
        yield f"{target}_age", f"coalesce({', '.join(said)})" if said else ""
    if NEXT_VISIT in feature_set(scenario).names:
        yield VISIT, filled_in(words.visit, {"hours": _number(NEXT_VISIT)})
    facts = scenario.fleet.facts if scenario.fleet else ()
    yield FACTS, filled_in(words.facts, {fact.name: fact.feature or fact.name for fact in facts})
    hours = main_window(scenario)
    expected = hours * _HOUR // scenario.readings.step
    count = {"count": f"readings_{hours}h", "expected": f"'{expected}'", "hours": f"'{hours}'"}
    yield READINGS, filled_in(words.readings, count)


def _of_reading(scenario: Scenario, reading: Reading) -> str:
    """How far the mean of the main window lies off normal, or that of the fresh one, where it is much farther off: a
    change of the last hours is diluted in the mean of a day.
    """
    name, windows, hours = reading.name, scenario.readings.windows, main_window(scenario)
    normal, main = f"{name}_normal_mean", f"{name}_mean_{hours}h"
    away, window = f"{main} - {normal}", f"'{hours}'"
    if windows.fresh is not None and windows.fresh != hours:
        recent = f"{name}_mean_{windows.fresh}h"
        fresh = f"abs({recent} - {normal}) > 1.5D * abs({main} - {normal})"
        away = f"CASE WHEN {fresh} THEN {recent} - {normal} ELSE {main} - {normal} END"
        window = f"CASE WHEN {fresh} THEN '{windows.fresh}' ELSE '{hours}' END"
    # A stuck sensor has no spread.
    size, spread = f"abs({away})", f"nullif({name}_normal_sd, 0)"
    values = {
        "name": _quoted(name),
        "hours": window,
        "size": _number(size, _decimals(reading)),
        "unit": _quoted(reading.unit),
        "side": f"CASE WHEN {away} >= 0 THEN 'above' ELSE 'below' END",
        "entity": _quoted(scenario.entity.noun),
        "deviations": _number(f"{size} / {spread}", 1),
    }
    return filled_in(_with_unit(scenario.words.reading, reading.unit), values)


def _decimals(reading: Reading) -> int:
    """How many decimals say something: one, and more of what is always small."""
    return max(1, 4 - ceil(log10(reading.largest)))


def _with_unit(template: str, unit: str) -> str:
    """The template without a place for a unit that there is not."""
    return template if unit else template.replace(" {unit}", "").replace("{unit}", "")


def _of_counter(scenario: Scenario, counter: Counter) -> str:
    """By how much it rose, or, where it did not of late, how far it is."""
    level = f"{counter.name}_level"
    values = {"name": _quoted(counter.name), "unit": _quoted(counter.unit), "level": _number(level)}
    stands = filled_in(_with_unit(scenario.words.level, counter.unit), values)
    if not counter.rise:
        return stands
    rise = f"{counter.name}_rise_{counter.rise[0]}h"
    values |= {"rise": _number(rise), "hours": f"'{counter.rise[0]}'"}
    rose = filled_in(_with_unit(scenario.words.counter, counter.unit), values)
    return f"CASE WHEN {rise} > 0 THEN {rose or 'NULL'} ELSE {stands or 'NULL'} END" if rose or stands else ""
