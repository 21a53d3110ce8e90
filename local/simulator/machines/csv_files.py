"""The original's CSV: header and strings quoted, `yyyy-MM-dd HH:mm:ss`, CRLF; plain, or gzip at level 1 without a time
stamp.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from simulator.machines import recipe
from simulator.machines.fleet import Events, MachineHistory
from simulator.machines.telemetry import Readings

_EVENT_COLUMN = {"errors": "errorID", "maint": "comp", "failures": "failure"}
_CODES = {
    "errors": pa.array(recipe.ERRORS),
    "maint": pa.array([component.name for component in recipe.COMPONENTS]),
    "failures": pa.array([component.name for component in recipe.COMPONENTS]),
}


def render(table: pa.Table, *, header: bool) -> bytes:
    """The table as CSV text."""
    sink = pa.BufferOutputStream()
    options = pacsv.WriteOptions(include_header=header, eol="\r\n", batch_size=65536)
    pacsv.write_csv(table, sink, options)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def compress(content: bytes) -> bytes:
    """One gzip member; members can be joined into one file. Equal content gives equal bytes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def machines_table(histories: list[MachineHistory]) -> pa.Table:
    """The snapshot of all machines."""
    machines = [history.machine for history in histories]
    return pa.table(
        {
            "machineID": pa.array([machine.id for machine in machines], pa.int32()),
            "model": [machine.model for machine in machines],
            "age": pa.array([machine.age for machine in machines], pa.int32()),
        }
    )


class AllEvents:
    """The events of one source of all machines, sorted by machine and time."""

    def __init__(self, source: str, histories: list[MachineHistory]) -> None:
        events: list[Events] = [getattr(history, source) for history in histories]
        self._source = source
        self._hours = np.concatenate([found.hours for found in events])
        self._codes = np.concatenate([found.codes for found in events])
        self._ids = np.repeat(
            np.array([history.machine.id for history in histories], dtype=np.int32),
            [len(found.hours) for found in events],
        )

    def table(self, first: int | None, last: int) -> pa.Table:
        """The events of the hours `first` .. `last`; without `first`, all up to `last`."""
        kept = self._hours <= last
        if first is not None:
            kept &= self._hours >= first
        return pa.table(
            {
                "datetime": pa.array(self._hours[kept] * 3600, pa.timestamp("s")),
                "machineID": pa.array(self._ids[kept]),
                _EVENT_COLUMN[self._source]: _CODES[self._source].take(pa.array(self._codes[kept] - 1)),
            }
        )


def telemetry_table(machines: NDArray[np.int32], hours: NDArray[np.int64], readings: Readings) -> pa.Table:
    """One row a reading; the three arrays have the same length."""
    columns = {"datetime": pa.array(hours * 3600, pa.timestamp("s")), "machineID": pa.array(machines)}
    for index, sensor in enumerate(recipe.SENSORS):
        columns[sensor.name] = pa.array(np.ascontiguousarray(readings[:, index]))
    return pa.table(columns)


def telemetry_header() -> bytes:
    """The first line of a telemetry file."""
    none = np.array([], dtype=np.int32)
    return render(telemetry_table(none, none.astype(np.int64), np.empty((0, len(recipe.SENSORS)))), header=True)


class DropFile:
    """A drop being written. It appears under its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.size = 0
        self._part = path.with_name(f".{path.name}.part")
        self._file = self._part.open("wb")

    def write(self, content: bytes) -> None:
        """Appends bytes."""
        self.size += self._file.write(content)

    def __enter__(self) -> DropFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink()
