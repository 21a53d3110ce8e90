"""The stages in the order in which they are measured, on one session and the same data.

Ingestion and features are measured as the unit is: the median of three after two warm-ups on the same data. Scoring is
measured once, after two; training is not warmed up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench import bars
from bench.bars import Measure
from bench.unit import WARM_UPS, Unit
from simulator.machines.drops import DropWriter
from simulator.machines.plan import Plan
from workbench.effort import NOTHING, Effort, middle
from workbench.models import make_champion, share_champion
from workbench.session import LocalSession
from workbench.shells import StepRun
from workbench.workspace import Workspace

Tell = Callable[[str], None]

YEAR_START, MONTH_START, END = date(2015, 1, 1), date(2015, 11, 29), date(2016, 1, 1)
LOADS = 3
WARM_NIGHTS, NIGHTS = 2, 3
HISTORY_UNTIL = END - timedelta(days=WARM_NIGHTS + NIGHTS)
SCORED_DAYS = 47
STAGES = ("loading", "training", "scoring", "nights")
NIGHT_STEPS = ("ingestion", "features", "scoring")


@dataclass(frozen=True)
class Data:
    """Simulated drops: a history file per source up to `HISTORY_UNTIL`, then one file a day."""

    folder: Path
    files: list[str]

    @classmethod
    def simulate(cls, folder: Path, machines: int, seed: int, start: date) -> Data:
        """Makes the drops of a year, or of a month, of the same machines."""
        plan = Plan(out=folder, machines=machines, seed=seed, start=start, end=END, history_until=HISTORY_UNTIL)
        DropWriter(plan, lambda *_: None).write()
        return cls(folder, sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.csv")))

    @property
    def history(self) -> list[str]:
        """The drops of the first batch."""
        return [path for path in self.files if "_" in path or path.startswith("machines/")]

    def night(self, day: date) -> list[str]:
        """The drops of one more day."""
        return [path for path in self.files if path.endswith(f"/{day}.csv") and not path.startswith("machines/")]

    @property
    def telemetry(self) -> Path:
        """The history of the telemetry."""
        return next(self.folder.glob("telemetry/*_*.csv"))


class Bench:
    """Carries the stages out and collects their measures."""

    def __init__(self, session: LocalSession, folder: Path, tell: Tell) -> None:
        self._session, self._folder, self._tell = session, folder, tell
        self.measures: list[Measure] = []
        self.units: list[Effort] = []

    def run(self, machines: int, seed: int, until: str = "nights") -> None:
        """All stages up to `until`, one of `STAGES`; some twelve minutes at 1000 machines."""
        self._tell(f"simulating {machines} machines")
        year = Data.simulate(self._folder / "year", machines, seed, YEAR_START)
        month = Data.simulate(self._folder / "month", machines, seed, MONTH_START)
        unit = Unit(self._session, year.telemetry, self._folder, self.units)
        self._tell("unit C: warming up")
        unit.warm_up()
        self._repeat(unit)
        short = Workspace(self._session, "bench_month")
        self._load(short, month)
        years = [Workspace(self._session, f"bench_year_{number}") for number in range(1, WARM_UPS + LOADS + 1)]
        loads = [self._load(workspace, year) for workspace in years]
        for step, bar in (("ingestion", bars.INGEST), ("features", bars.FEATURES)):
            self._add(
                bar, middle([load[step] for load in loads[WARM_UPS:]]), f"the first time {loads[0][step].wall:.1f} s"
            )
        first, long = years[0], years[-1]
        self._repeat(unit)
        if until in STAGES[1:]:
            self._train(long)
        if until in STAGES[2:]:
            for other in (short, first):
                share_champion(long.schema, other.schema)
            self._score(short)
            before, scored = self._score(first), self._score(long)
            detail = (
                f"{scored.result['counts']['predictions']} predictions, with a year the first time "
                f"{before.effort.wall:.1f} s"
            )
            self._add(bars.SCORE, scored.effort, detail)
        if until in STAGES[3:]:
            self._nights(short, month, long, year)
        self._repeat(unit)
        self.measures.append(Measure(bars.MEMORY, self._session.peak_memory_gib()))

    def _repeat(self, unit: Unit) -> None:
        spent = unit.repeat()
        self._tell(f"unit C: {spent.wall:.1f} s, {spent.cpu:.1f} s of processor time")

    def _add(self, bar: bars.Bar, effort: Effort, detail: str = "") -> None:
        self.measures.append(Measure(bar, effort, detail))
        self._tell(f"{bar.name}: {effort.wall:.1f} s, {effort.cpu:.1f} s of processor time")

    def _load(self, workspace: Workspace, data: Data) -> dict[str, Effort]:
        self._tell(f"{workspace.schema}: ingestion and features of the history")
        run_id = workspace.new_run("scoring", data.folder, data.history)
        spent = {step: workspace.step(step, run_id).effort for step in ("ingestion", "features")}
        self._tell(
            ", ".join(f"{step} {took.wall:.1f} s, {took.cpu:.1f} s of processor time" for step, took in spent.items())
        )
        return spent

    def _train(self, workspace: Workspace) -> None:
        run_id = workspace.new_run("training")
        version = ""
        for step, bar in (
            ("training_set", bars.TRAINING_SET),
            ("training", bars.TRAINING),
            ("evaluation", bars.EVALUATION),
        ):
            done = workspace.step(step, run_id)
            self._add(bar, done.effort)
            version = str(done.result.get("model", {}).get("version", version))
        make_champion(workspace.schema, version)

    def _score(self, workspace: Workspace) -> StepRun:
        """Scores the days that are stored, at most the last 47."""
        end = datetime(HISTORY_UNTIL.year, HISTORY_UNTIL.month, HISTORY_UNTIL.day, 7, tzinfo=UTC)
        self._tell(f"{workspace.schema}: scoring")
        return workspace.step("scoring", workspace.new_run("scoring"), (end - timedelta(days=SCORED_DAYS), end))

    def _nights(self, short: Workspace, month: Data, long: Workspace, year: Data) -> None:
        """Alternates between the two, so that both meet the machine in the same state; the median counts."""
        spent: dict[str, list[Effort]] = {short.schema: [], long.schema: []}
        shares: list[str] = []
        for offset in range(1, WARM_NIGHTS + NIGHTS + 1):
            day = HISTORY_UNTIL + timedelta(days=offset)
            for workspace, data in ((short, month), (long, year)):
                run_id = workspace.new_run("scoring", data.folder, data.night(day))
                steps = {step: workspace.step(step, run_id).effort for step in NIGHT_STEPS}
                spent[workspace.schema].append(sum(steps.values(), NOTHING))
                shares.append(" ".join(f"{step} {took.wall:.1f}" for step, took in steps.items()))
        with_year, with_month = (middle(spent[workspace.schema][WARM_NIGHTS:]) for workspace in (long, short))
        self._add(bars.NIGHT, with_year, shares[-1])
        self._add(bars.NIGHT_MONTH, with_month, shares[-2])
        self.measures.append(Measure(bars.NIGHT_RATIO, with_year.wall / with_month.wall))
