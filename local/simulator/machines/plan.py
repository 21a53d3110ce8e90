"""What one call of the simulator is to make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from simulator.days import Span, closing_hour
from simulator.faults.catalogue import FAULTS, PROFILES
from simulator.faults.fleet import rename_models
from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory, draw_machine, simulate_history
from simulator.machines.recorded import read_histories

SOURCES = ("machines", "telemetry", "errors", "maint", "failures")


class PlanError(ValueError):
    """Raised when options contradict each other; names the option."""


@dataclass(frozen=True)
class Plan:
    """A validated call. `start` and `end` are days; the first reading is at `start` 06:00, the last at `end` 06:00.

    By default files are plain and hold no faults.
    """

    out: Path
    machines: int | None
    seed: int
    start: date
    end: date
    history_until: date | None
    only_days: Span | None = None
    events: Path | None = None
    gzip: bool = False
    profile: str = "ms-faithful"
    faults: tuple[str, ...] = ()
    fault_every: int = 1
    artefacts: bool = False
    workers: int = 2

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise PlanError(f"--end {self.end} lies before --start {self.start}")
        if self.start < date(1970, 2, 1):
            raise PlanError(f"--start {self.start}: the earliest start is 1970-02-01")
        if self.machines is not None and self.machines < 1:
            raise PlanError("--machines must be at least 1")
        if self.seed < 0:
            raise PlanError("--seed must not be negative")
        if self.history_until is not None and not self.start <= self.history_until <= self.end:
            raise PlanError(f"--history-until {self.history_until} lies outside {self.start} .. {self.end}")
        if self.only_days and self.only_days.first <= self.start:
            raise PlanError(f"--days: {self.only_days.first} does not lie after --start {self.start}")
        unknown = set(self.faults) - set(FAULTS)
        if unknown:
            raise PlanError(f"--faults: unknown {', '.join(sorted(unknown))}; known are {', '.join(FAULTS)}")
        if self.artefacts and self.events:
            raise PlanError("--start-up-artefacts: with --events the artefacts of the event files are used")

    @property
    def first_hour(self) -> int:
        """The hour of the first reading."""
        return closing_hour(self.start)

    @property
    def history(self) -> Span | None:
        """The days that one file per source holds."""
        if self.only_days or self.history_until is None:
            return None
        return Span(self.start, self.history_until)

    @property
    def daily(self) -> Span | None:
        """The days that get a file each."""
        if self.only_days:
            return self.only_days
        first = self.start if self.history_until is None else self.history_until + timedelta(days=1)
        return Span(first, self.end) if first <= self.end else None

    @property
    def last_day(self) -> date:
        """The last day that is written."""
        return self.only_days.last if self.only_days else self.end

    def file_name(self, span: Span) -> str:
        """The name of the file of a span, without its folder."""
        return f"{span.name}.csv{'.gz' if self.gzip else ''}"

    @property
    def active_faults(self) -> tuple[str, ...]:
        """The faults of the profile, then those asked for, each once."""
        return tuple(dict.fromkeys((*PROFILES[self.profile], *self.faults)))

    def histories(self) -> list[MachineHistory]:
        """All machines with their events, up to those that cast their step into the last day."""
        if self.events:
            histories = read_histories(self.events, self.machines)
        else:
            until = closing_hour(self.last_day) + recipe.STEP_HOURS
            drawn = [draw_machine(self.seed, number) for number in range(1, (self.machines or 100) + 1)]
            if "new-model" in self.active_faults:
                drawn = rename_models(self.seed, drawn)
            histories = [
                simulate_history(self.seed, machine, self.start, until, artefacts=self.artefacts) for machine in drawn
            ]
        return histories
