"""Makes the drops of a plan: one history file a source, then one file a day and source."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator import csv_files
from simulator.days import Span, at, closing_hour
from simulator.faults.catalogue import FAULTS
from simulator.faults.signal import Window
from simulator.fleet import Events, MachineHistory
from simulator.plan import Plan
from simulator.streams import Purpose, stream
from simulator.summary import Delivery, Summary
from simulator.telemetry import Readings, add_steps, decoy_steps, failure_steps, normal_readings, rounded

Progress = Callable[[str, int, int], None]
T = TypeVar("T")
R = TypeVar("R")

_MACHINES_A_CHUNK = 25
_READINGS_IN_MEMORY = 12_000_000  # rows of four doubles: 384 MB
_DELIVERED_AFTER = timedelta(minutes=5)


class DropWriter:
    """Writes what a plan asks for and tells it in a summary."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._plan = plan
        self._progress = progress
        self._histories = plan.histories()
        self._ids = np.array([history.machine.id for history in self._histories], dtype=np.int32)
        self._faults = {name: FAULTS[name] for name in plan.active_faults}
        self.summary = Summary(plan)

    def write(self) -> Summary:
        """Writes all drops; a file stands under its name only when it is complete."""
        plan = self._plan
        if not plan.only_days:
            self._write_machines(plan.history.last if plan.history else plan.start)
        if plan.history:
            self._write_history(plan.history)
        if plan.daily:
            for days in self._batches(plan.daily):
                self._write_days(days)
        covered = Span(plan.only_days.first if plan.only_days else plan.start, plan.last_day)
        self.summary.count_events(self._histories, max(covered.first_hour, plan.first_hour), covered.last_hour)
        self.summary.save()
        return self.summary

    def _drop(self, source: str, span: Span) -> csv_files.DropFile:
        return csv_files.DropFile(self._plan.out / source / f"{span.name}.csv{'.gz' if self._plan.gzip else ''}")

    def _packed(self, content: bytes) -> bytes:
        return csv_files.compress(content) if self._plan.gzip else content

    def _write_machines(self, day: date) -> None:
        table = csv_files.machines_table(self._histories)
        self._write_file("machines", Span(day, day), csv_files.render(table, header=True), table.num_rows)

    def _write_history(self, span: Span) -> None:
        for source in ("errors", "maint", "failures"):
            # The maintenance of the year before gives the initial ages; it belongs to the history.
            table = self._events(source, None if source == "maint" else self._plan.first_hour, span.last_hour)
            self._write_file(source, span, csv_files.render(table, header=True), table.num_rows)
        chunks = [self._histories[index : index + _MACHINES_A_CHUNK] for index in range(0, len(self._histories), _MACHINES_A_CHUNK)]
        rows = machines = 0
        with self._drop("telemetry", span) as drop:
            drop.write(
                self._packed(
                    csv_files.render(csv_files.telemetry_table(self._ids[:0], np.array([], dtype=np.int64), np.empty((0, 4))), header=True)
                )
            )
            for chunk, (content, count) in zip(chunks, self._parallel(lambda part: self._history_chunk(part, span), chunks), strict=True):
                drop.write(content)
                rows += count
                machines += len(chunk)
                self._progress("history, machines", machines, len(self._histories))
        self.summary.add(Delivery("telemetry", span, drop.path.name, rows, drop.size, at(span.last_hour) + _DELIVERED_AFTER))

    def _history_chunk(self, chunk: list[MachineHistory], span: Span) -> tuple[bytes, int]:
        first, last = self._plan.first_hour, span.last_hour
        hours = np.arange(first, last + 1)
        made = [self._readings(history, first, last) for history in chunk]
        ids = np.repeat(np.array([history.machine.id for history in chunk], dtype=np.int32), [int(present.sum()) for _, present in made])
        table = csv_files.telemetry_table(
            ids, np.concatenate([hours[present] for _, present in made]), np.concatenate([readings[present] for readings, present in made])
        )
        return self._packed(csv_files.render(table, header=False)), table.num_rows

    def _readings(self, history: MachineHistory, first: int, last: int) -> tuple[Readings, NDArray[np.bool_]]:
        """Readings of a machine with the plan's faults, and which of them exist."""
        plan = self._plan
        readings = normal_readings(plan.seed, history.machine.id, first, last)
        add_steps(readings, first, failure_steps(plan.seed, history) + decoy_steps(plan.seed, history.machine.id, plan.first_hour, last))
        window = Window(plan.seed, history, plan.first_hour, first, readings, np.ones(len(readings), dtype=bool))
        for fault in self._faults.values():
            if fault.signal:
                fault.signal(window)
        return rounded(window.readings), window.present

    def _events(self, source: str, first: int | None, last: int) -> csv_files.pa.Table:
        found: list[Events] = [getattr(history, source).between(first, last) for history in self._histories]
        return csv_files.events_table(source, self._ids.tolist(), found)

    def _batches(self, span: Span) -> Iterator[list[date]]:
        days = list(span.days())
        size = max(1, _READINGS_IN_MEMORY // (24 * len(self._histories)))
        for index in range(0, len(days), size):
            yield days[index : index + size]

    def _write_days(self, days: list[date]) -> None:
        first, last = max(closing_hour(days[0]) - 23, self._plan.first_hour), closing_hour(days[-1])
        made = list(self._parallel(lambda history: self._readings(history, first, last), self._histories))
        readings, present = np.stack([part for part, _ in made]), np.stack([part for _, part in made])
        del made

        def telemetry(day: date) -> tuple[bytes, int]:
            begin, end = max(closing_hour(day) - 23, first), closing_hour(day)
            rows = slice(begin - first, end - first + 1)
            kept = present[:, rows]
            hours = np.broadcast_to(np.arange(begin, end + 1), kept.shape)[kept]
            ids = np.broadcast_to(self._ids[:, None], kept.shape)[kept]
            table = csv_files.telemetry_table(ids, hours, readings[:, rows][kept])
            return csv_files.render(table, header=True), table.num_rows

        for number, (day, (content, rows)) in enumerate(zip(days, self._parallel(telemetry, days), strict=True), start=1):
            self._write_file("telemetry", Span(day, day), content, rows)
            for source in ("errors", "maint", "failures"):
                opens = source == "maint" and day == self._plan.start
                table = self._events(source, None if opens else closing_hour(day) - 23, closing_hour(day))
                self._write_file(source, Span(day, day), csv_files.render(table, header=True), table.num_rows)
            self._progress(f"days up to {days[-1]}", number, len(days))

    def _write_file(self, source: str, span: Span, content: bytes, rows: int) -> None:
        """Writes one file with the file faults that hit it."""
        plan, day = self._plan, span.last
        daily = plan.daily is not None and day in (plan.daily.first, day) and span.first == day and source != "machines"
        hit = [name for name, fault in self._faults.items() if daily and fault.hits(plan.seed, source, day, plan.fault_every)]
        deliver_at = at(span.last_hour) + _DELIVERED_AFTER
        for name in hit:
            fault, rng = FAULTS[name], stream(plan.seed, 0, Purpose.FAULT, 101, FAULTS[name].number, len(source), day.toordinal())
            if fault.lines:
                lines = fault.lines(rng, content.removesuffix(b"\r\n").split(b"\r\n"))
                content, rows = b"\r\n".join(lines) + b"\r\n", len(lines) - 1
            if fault.delay_minutes:
                deliver_at += timedelta(minutes=int(rng.integers(*fault.delay_minutes)))
        content = self._packed(content)
        for name in hit:
            damage = FAULTS[name].content
            content = damage(content) if damage else content
        with self._drop(source, span) as drop:
            drop.write(content)
        delivery = Delivery(source, span, drop.path.name, rows, len(content), deliver_at, tuple(hit))
        self.summary.add(delivery)
        if any(FAULTS[name].again for name in hit):
            self.summary.add(delivery.again())

    def _parallel(self, make: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Results in the order of the items, never more than twice `workers` ahead. Threads suffice: numpy, Arrow and zlib let go of the lock."""
        with ThreadPoolExecutor(self._plan.workers) as pool:
            waiting: deque[Future[R]] = deque()
            for item in items:
                waiting.append(pool.submit(make, item))
                if len(waiting) >= 2 * self._plan.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
