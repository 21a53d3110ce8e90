"""Writes the drops of a plan: one history file a source, then one file a day and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.days import Span, closing_hour
from simulator.faults.catalogue import FAULTS
from simulator.faults.signal import Window
from simulator.machines import csv_files, packing
from simulator.machines.fleet import MachineHistory
from simulator.machines.plan import Plan
from simulator.machines.summary import Delivery, Summary
from simulator.machines.telemetry import Readings, add_steps, decoy_steps, failure_steps, normal_readings, rounded
from simulator.parallel import in_order

Progress = Callable[[str, int, int], None]
Present = NDArray[np.bool_]

EVENT_SOURCES = ("errors", "maint", "failures")
_MACHINES_A_CHUNK = 25
_READINGS_IN_MEMORY = 12_000_000  # rows of four doubles: 384 MB


class DropWriter:
    """Writes what a plan asks for and tells it in a summary."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._plan = plan
        self._progress = progress
        self._histories = plan.histories()
        self._ids = np.array([history.machine.id for history in self._histories], dtype=np.int32)
        self._events = {source: csv_files.AllEvents(source, self._histories) for source in EVENT_SOURCES}
        self._signal_faults = [fault.signal for fault in map(FAULTS.__getitem__, plan.active_faults) if fault.signal]
        self.summary = Summary(plan)

    def write(self) -> Summary:
        """Writes all drops; a file stands under its name only when it is complete."""
        plan = self._plan
        if not plan.only_days:
            day = plan.history.last if plan.history else plan.start
            self._save(packing.whole_file(plan, "machines", Span(day, day), csv_files.machines_table(self._histories)))
        if plan.history:
            self._write_history(plan.history)
        if plan.daily:
            for days in self._batches(plan.daily):
                self._write_days(days)
        first = closing_hour(plan.only_days.first) - 23 if plan.only_days else plan.first_hour
        self.summary.count_events(self._histories, first, closing_hour(plan.last_day))
        self.summary.save()
        return self.summary

    def _open(self, source: str, span: Span) -> csv_files.DropFile:
        return csv_files.DropFile(self._plan.out / source / self._plan.file_name(span))

    def _save(self, made: packing.PackedFile) -> None:
        with self._open(made.delivery.source, made.delivery.span) as drop:
            drop.write(made.content)
        self.summary.add(made.delivery)
        if made.again:
            self.summary.add(made.delivery.again())

    def _write_history(self, span: Span) -> None:
        plan = self._plan
        for source, events in self._events.items():
            self._save(packing.whole_file(plan, source, span, events.table(self._opening(source), span.last_hour)))
        chunks = [
            self._histories[index : index + _MACHINES_A_CHUNK]
            for index in range(0, len(self._histories), _MACHINES_A_CHUNK)
        ]
        rows = 0
        with self._open("telemetry", span) as drop:
            drop.write(packing.pack(plan, csv_files.telemetry_header()))
            made = in_order(plan.workers, lambda chunk: self._history_chunk(chunk, span), chunks)
            for number, (content, count) in enumerate(made, start=1):
                drop.write(content)
                rows += count
                self._progress(
                    "history, machines", min(number * _MACHINES_A_CHUNK, len(self._histories)), len(self._histories)
                )
        self.summary.add(Delivery("telemetry", span, drop.path.name, rows, drop.size, packing.delivery_time(span)))

    def _opening(self, source: str) -> int | None:
        """The first hour of the first file; none for maintenance, whose records of the year before give the initial
        ages.
        """
        return None if source == "maint" else self._plan.first_hour

    def _history_chunk(self, chunk: list[MachineHistory], span: Span) -> tuple[bytes, int]:
        first, last = self._plan.first_hour, span.last_hour
        table = self._telemetry(
            [history.machine.id for history in chunk], first, last, *self._readings(chunk, first, last)
        )
        return packing.pack(self._plan, csv_files.render(table, header=False)), table.num_rows

    def _readings(self, histories: list[MachineHistory], first: int, last: int) -> tuple[Readings, Present]:
        """Readings with the plan's faults, shape (machines, hours, 4), and which of them exist."""
        plan = self._plan
        shape = (len(histories), last - first + 1)
        readings, present = np.empty((*shape, 4)), np.ones(shape, dtype=bool)
        for index, history in enumerate(histories):
            made = normal_readings(plan.seed, history.machine.id, first, last)
            add_steps(
                made,
                first,
                failure_steps(plan.seed, history) + decoy_steps(plan.seed, history.machine.id, plan.first_hour, last),
            )
            window = Window(plan.seed, history, plan.first_hour, first, made, present[index])
            for fault in self._signal_faults:
                fault(window)
            readings[index] = rounded(made)
        return readings, present

    @staticmethod
    def _telemetry(machines: list[int], first: int, last: int, readings: Readings, present: Present) -> pa.Table:
        hours = np.broadcast_to(np.arange(first, last + 1), present.shape)[present]
        ids = np.broadcast_to(np.array(machines, dtype=np.int32)[:, None], present.shape)[present]
        return csv_files.telemetry_table(ids, hours, readings[present])

    def _batches(self, span: Span) -> Iterator[list[date]]:
        days = list(span.days())
        size = max(1, _READINGS_IN_MEMORY // (24 * max(1, len(self._histories))))
        for index in range(0, len(days), size):
            yield days[index : index + size]

    def _write_days(self, days: list[date]) -> None:
        plan, ids = self._plan, self._ids.tolist()
        first = max(closing_hour(days[0]) - 23, plan.first_hour)
        readings, present = self._readings(self._histories, first, closing_hour(days[-1]))

        def files_of(day: date) -> list[packing.PackedFile]:
            begin, end = max(closing_hour(day) - 23, first), closing_hour(day)
            rows = slice(begin - first, end - first + 1)
            made = [
                packing.daily_file(
                    plan, "telemetry", day, self._telemetry(ids, begin, end, readings[:, rows], present[:, rows])
                )
            ]
            for source, events in self._events.items():
                since = self._opening(source) if day == plan.start else begin
                made.append(packing.daily_file(plan, source, day, events.table(since, end)))
            return made

        for number, made in enumerate(in_order(plan.workers, files_of, days), start=1):
            for file in made:
                self._save(file)
            self._progress(f"days up to {days[-1]}", number, len(days))
