"""The original's CSV: header and strings quoted, `yyyy-MM-dd HH:mm:ss`, CRLF; plain, or gzip at level 1 without a time stamp."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from simulator import recipe
from simulator.fleet import Events, MachineHistory
from simulator.telemetry import Readings

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


def events_table(source: str, machines: list[int], events: list[Events]) -> pa.Table:
    """The events of several machines, `events[i]` belonging to `machines[i]`."""
    hours = np.concatenate([found.hours for found in events]) if events else np.array([], dtype=np.int64)
    codes = np.concatenate([found.codes for found in events]) if events else np.array([], dtype=np.int8)
    ids = np.repeat(np.array(machines, dtype=np.int32), [len(found.hours) for found in events])
    return pa.table(
        {
            "datetime": pa.array(hours * 3600, pa.timestamp("s")),
            "machineID": pa.array(ids),
            _EVENT_COLUMN[source]: _CODES[source].take(pa.array(codes - 1)),
        }
    )


def telemetry_table(machines: NDArray[np.int32], hours: NDArray[np.int64], readings: Readings) -> pa.Table:
    """One row a reading; the three arrays have the same length."""
    columns = {"datetime": pa.array(hours * 3600, pa.timestamp("s")), "machineID": pa.array(machines)}
    for index, sensor in enumerate(recipe.SENSORS):
        columns[sensor.name] = pa.array(np.ascontiguousarray(readings[:, index]))
    return pa.table(columns)


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

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink()
