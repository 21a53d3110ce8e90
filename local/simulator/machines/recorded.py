"""Reads real event files (machines, errors, failures, maint), for which only the telemetry is simulated."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from simulator.machines import recipe
from simulator.machines.fleet import Events, Machine, MachineHistory

_Rows = dict[int, list[tuple[int, int]]]


class EventFileError(ValueError):
    """Raised when an event file is missing or has a row that cannot be read; names file, line and reason."""


def _open(path: Path, columns: list[str]) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except FileNotFoundError:
        raise EventFileError(
            f"{path} is missing: --events needs machines.csv, errors.csv, failures.csv and maint.csv"
        ) from None
    if not rows or rows[0] != columns:
        raise EventFileError(f"{path}, line 1: the header must be {','.join(columns)}")
    return rows[1:]


def _read_events(path: Path, column: str, codes: tuple[str, ...]) -> _Rows:
    numbers = {code: number for number, code in enumerate(codes, start=1)}
    events: _Rows = defaultdict(list)
    for line, row in enumerate(_open(path, ["datetime", "machineID", column]), start=2):
        try:
            time, machine, code = row
            moment = datetime.strptime(time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            hour, rest = divmod(int(moment.timestamp()), 3600)
            if rest:
                raise ValueError(f"{time} is not on the hour")
            events[int(machine)].append((hour, numbers[code]))
        except KeyError:
            raise EventFileError(f"{path}, line {line}: {row[-1]!r} is none of {', '.join(codes)}") from None
        except ValueError as error:
            raise EventFileError(f"{path}, line {line}: {error}") from None
    return events


def read_histories(folder: Path, machines: int | None) -> list[MachineHistory]:
    """The machines of an event folder with their events; only the first `machines` by id when given.

    Raises:
        EventFileError: a file is missing or a row is unreadable.
    """
    path = folder / "machines.csv"
    found: list[Machine] = []
    for line, row in enumerate(_open(path, ["machineID", "model", "age"]), start=2):
        try:
            machine_id, model, age = row
            found.append(Machine(int(machine_id), model, int(age)))
        except ValueError as error:
            raise EventFileError(f"{path}, line {line}: {error}") from None
    found.sort(key=lambda machine: machine.id)
    components = tuple(component.name for component in recipe.COMPONENTS)
    errors = _read_events(folder / "errors.csv", "errorID", recipe.ERRORS)
    failures = _read_events(folder / "failures.csv", "failure", components)
    maint = _read_events(folder / "maint.csv", "comp", components)
    return [
        MachineHistory(machine, *(Events.of(events.get(machine.id, [])) for events in (maint, failures, errors)))
        for machine in (found if machines is None else found[:machines])
    ]
