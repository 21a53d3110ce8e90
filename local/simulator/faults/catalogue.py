"""All faults by name, and the profiles made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from simulator.faults import files, signal
from simulator.streams import Purpose, stream


@dataclass(frozen=True)
class Fault:
    """One fault. Exactly one of the fields below `sources` says what it acts on; `new-model` acts on the fleet and has
    none.
    """

    number: int
    sources: tuple[str, ...]
    what: str
    signal: signal.SignalFault | None = None
    lines: files.LineFault | None = None
    content: files.ByteFault | None = None
    delay_minutes: tuple[int, int] | None = None
    again: bool = False

    def hits(self, seed: int, source: str, day: date, every: int) -> bool:
        """Whether the fault hits a daily file: one in `every` days, from a drawn day on."""
        if source not in self.sources:
            return False
        offset = int(stream(seed, 0, Purpose.FAULT, 100, self.number, DAILY_SOURCES.index(source)).integers(every))
        return (day.toordinal() + offset) % every == 0


# What comes daily. The order is part of the streams' definition.
DAILY_SOURCES = ("telemetry", "errors", "maint", "failures")
TELEMETRY = ("telemetry",)

FAULTS: Mapping[str, Fault] = {
    "ramp": Fault(1, (), "3 of 10 failures rise slowly over eight days", signal=signal.ramp),
    "drift": Fault(2, (), "1 machine in 20 has a sensor that drifts", signal=signal.drift),
    "stuck": Fault(3, (), "sensors repeat one value for hours", signal=signal.stuck),
    "unit-change": Fault(4, (), "1 machine in 30 changes the unit of a sensor", signal=signal.unit_change),
    "missing-hours": Fault(5, (), "hours without a reading", signal=signal.missing_hours),
    "new-model": Fault(6, (), "1 machine in 10 is a model5 (not with --events)"),
    "missing-column": Fault(7, TELEMETRY, "the last column of a file is missing", lines=files.missing_column),
    "permuted-columns": Fault(8, TELEMETRY, "header and values in another order", lines=files.permuted_columns),
    "extra-column": Fault(9, DAILY_SOURCES, "an unknown column with quoted commas", lines=files.extra_column),
    "duplicate-rows": Fault(10, DAILY_SOURCES, "rows twice in one file", lines=files.duplicate_rows),
    "shuffled-rows": Fault(11, DAILY_SOURCES, "rows in no order", lines=files.shuffled_rows),
    "bad-values": Fault(12, TELEMETRY, "missing values, no numbers, out of range", lines=files.bad_values),
    "corrupt": Fault(13, TELEMETRY, "a file breaks off", content=files.truncate),
    "empty": Fault(14, DAILY_SOURCES, "a file of no bytes", content=files.empty),
    "late": Fault(15, DAILY_SOURCES, "a file is delivered one to three days late", delay_minutes=(1440, 4320)),
    "out-of-order": Fault(
        16, DAILY_SOURCES, "a file is delivered just after that of the next day", delay_minutes=(1450, 1451)
    ),
    "duplicate": Fault(17, DAILY_SOURCES, "a file is delivered twice", again=True),
}

PROFILES: Mapping[str, tuple[str, ...]] = {
    "ms-faithful": (),
    "extended": (
        "ramp",
        "drift",
        "stuck",
        "unit-change",
        "missing-hours",
        "new-model",
        "duplicate-rows",
        "late",
        "out-of-order",
        "duplicate",
    ),
}
