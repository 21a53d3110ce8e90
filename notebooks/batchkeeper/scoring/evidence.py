"""What a person needs to believe a prediction: the readings before it beside the entity's own normal, and what happened
in these days.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.contract.results import write_text
from batchkeeper.delta.query import listed, text
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.scenario.readings import Counter, Reading
from batchkeeper.tables.features import FEATURES

_SPAN, _LEAST_STEPS, _MOST_PLACES = timedelta(days=7), 30, 168
_MOST_NUMBERS = 60_000
"""Of one file, which is then of some 400 kB."""
_MOST_MARKS = 100
EVENT, MAINTENANCE = "event", "maintenance"
_READING, _POINT = "reading", "point"


@dataclass(frozen=True)
class Evidence:
    """The file `evidence.json` of a run: the days before its latest point, of some entities.

    Attributes:
        as_of: the latest point; what came after it is not shown.
    """

    tables: Tables
    scenario: Scenario
    parameters: JobParameters
    as_of: datetime

    @property
    def _step(self) -> timedelta:
        """The span of one number: that of a reading, or of so many that the whole has no more than 168."""
        step = self.scenario.readings.step
        return step * ceil(max(_SPAN, _LEAST_STEPS * step) / _MOST_PLACES / step)

    @property
    def _places(self) -> int:
        return ceil(max(_SPAN, _LEAST_STEPS * self.scenario.readings.step) / self._step)

    @property
    def _start(self) -> datetime:
        return self.as_of - self._places * self._step

    def write(self, entities: Sequence[Any]) -> None:
        """Writes what is known of these; of fewer, the first, where they are too many for one file."""
        values = self.scenario.readings.values
        shown = list(entities)[: max(1, _MOST_NUMBERS // (self._places * len(values)))]
        document = {
            "schemaVersion": 1,
            "runId": self.parameters.run_id,
            "asOf": iso(self.as_of),
            "from": iso(self._start),
            "stepSeconds": int(self._step.total_seconds()),
            "values": [{"name": value.name, "unit": value.unit} for value in values],
            "entities": self._found(shown) if shown else {},
        }
        body = json.dumps(document, separators=(",", ":"), allow_nan=False)
        write_text(self.parameters.path(f"results/{self.parameters.run_id}/evidence.json"), f"{body}\n")

    def _found(self, entities: Sequence[Any]) -> dict[str, Any]:
        names = [value.name for value in self.scenario.readings.values]
        found: dict[str, Any] = {
            str(entity): {"readings": {name: [None] * self._places for name in names}, "normal": {}, "marks": set()}
            for entity in entities
        }
        for entity, kind, at, numbers in self.tables.spark.sql(self._statement(entities)).collect():
            one = found[str(entity)]
            if kind == _READING:
                for name, number in zip(names, numbers, strict=True):
                    one["readings"][name][at] = _rounded(number)
                continue
            normal, since = numbers[: 2 * len(self._smooth)], numbers[2 * len(self._smooth) :]
            if at == self.as_of.timestamp():
                pairs = zip(self._smooth, normal[::2], normal[1::2], strict=True)
                one["normal"] = {name: [_rounded(mean), _rounded(sd)] for name, mean, sd in pairs if mean is not None}
            one["marks"] |= set(self._marks(at, since))
        for one in found.values():
            one["marks"] = [
                {"at": iso(datetime.fromtimestamp(at, UTC)), "kind": kind, "name": name}
                for at, kind, name in sorted(one["marks"])[-_MOST_MARKS:]
            ]
        return found

    def _marks(self, point: int, since: Sequence[float | None]) -> Iterator[tuple[int, str, str]]:
        """What a point knows to have happened before it, within the days shown; several points may tell of it."""
        for (_, kind, name), hours in zip(self._happenings(), since, strict=True):
            at = point - round(hours * 3600) if hours is not None else 0
            if at > self._start.timestamp():
                yield at, kind, name

    def _happenings(self) -> list[tuple[str, str, str]]:
        """Features that tell how long ago something was, with its kind and name."""
        scenario = self.scenario
        found = [(f"{code}_hours_since", EVENT, scenario.spelled(code)) for code in scenario.codes]
        if scenario.maintenance:
            parts = scenario.targets.names
            found += [(f"{name}_age_hours", MAINTENANCE, scenario.spelled(name)) for name in parts]
        return found

    @property
    def _smooth(self) -> list[str]:
        return [reading.name for reading in self.scenario.smooth]

    def _statement(self, entities: Sequence[Any]) -> str:
        """All of it in one query of two tables, since each costs a planning: the points of these days know of events
        and maintenance.
        """
        entity, scenario, table = self.scenario.entity.name, self.scenario, self.tables.name
        these = f"{entity} IN ({listed(text(one) if isinstance(one, str) else str(one) for one in entities)})"

        def within(time: str) -> str:
            return f"{these} AND {time} > {literal(self._start)} AND {time} <= {literal(self.as_of)}"

        start, step = int(self._start.timestamp()), int(self._step.total_seconds())
        place = f"CAST((unix_timestamp({TIME}) - {start} - 1) DIV {step} AS BIGINT)"
        # A step of the readings' own holds one of an entity: nothing is to be grouped.
        own = self._step == scenario.readings.step
        values = listed(_value(value) if own else f"avg({_value(value)})" for value in scenario.readings.values)
        grouped = "" if own else f" GROUP BY {entity}, {place}"
        normal = [f"{name}_normal_{what}" for name in self._smooth for what in ("mean", "sd")]
        known = listed(f"CAST({name} AS DOUBLE)" for name in (*normal, *(name for name, *_ in self._happenings())))
        return (
            f"SELECT {entity} AS entity, '{_READING}' AS kind, {place} AS at, array({values}) AS numbers "
            f"FROM {table(scenario.readings.name)} WHERE {within(TIME)}{grouped} UNION ALL "
            f"SELECT {entity}, '{_POINT}', unix_timestamp(as_of), array({known}) "
            f"FROM {table(FEATURES)} WHERE {within('as_of')}"
        )


def ranked(by_horizon: Sequence[Sequence[Mapping[str, Any]]], entity: str) -> list[Any]:
    """The entities that a summary lists, those high in the list of any horizon first."""
    rows = [(place, row[entity]) for rows in by_horizon for place, row in enumerate(rows)]
    return list(dict.fromkeys(one for _, one in sorted(rows, key=lambda row: row[0])))


def _value(value: Reading | Counter) -> str:
    """SQL: the reading, or null where it is taken as missing."""
    if isinstance(value, Counter):
        return f"CAST({value.name} AS DOUBLE)"
    return f"CASE WHEN abs({value.name}) <= {float(value.largest)!r}D THEN CAST({value.name} AS DOUBLE) END"


def _rounded(number: float | None) -> float | None:
    """Five digits: a picture shows no more."""
    return None if number is None else float(f"{number:.5g}")
