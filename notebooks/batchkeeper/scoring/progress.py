"""What became of every feature row that a scoring met: scored, or left out and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.tables.results import SCORED, SCORING_PROGRESS


@dataclass(frozen=True)
class Part:
    """Feature rows of one run that are alike. Times are microseconds since 1970.

    Attributes:
        asked: whether they lie in the window asked for.
        due: whether no other scoring has taken them.
        old: whether they are history that nobody asks for.
        after: of the run's rows only those written later are due; None: all.
        latest: when the last of them was written.
        outcome: what becomes of them.
    """

    run_id: str
    asked: bool
    due: bool
    old: bool
    after: int | None
    points: int
    first: int
    last: int
    latest: int
    outcome: str = SCORED


@dataclass(frozen=True)
class Due:
    """What there is for a scoring.

    Attributes:
        rows: the feature rows to score.
        history_until: points up to here are history; None: the policy is to score all.
    """

    parts: Sequence[Part]
    rows: DataFrame
    history_until: datetime | None

    @property
    def scored(self) -> list[Part]:
        """The parts whose points are scored."""
        return [part for part in self.parts if part.outcome == SCORED]

    @property
    def points(self) -> int:
        """How many points are scored."""
        return sum(part.points for part in self.scored)

    @property
    def not_scored(self) -> int:
        """How many points are left out."""
        return sum(part.points for part in self.parts) - self.points

    def caught_up(self, run_id: str) -> int:
        """How many points are scored that neither the window nor this run's features step brought."""
        return sum(part.points for part in self.scored if not part.asked and part.run_id != run_id)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """First and last as-of time of the points that are scored."""
        return utc(min(part.first for part in self.scored)), utc(max(part.last for part in self.scored))


def record_progress(tables: Tables, parameters: JobParameters, due: Due) -> None:
    """Notes what became of the rows that were due; a repetition writes nothing."""
    history_until = int(due.history_until.timestamp()) * 1_000_000 if due.history_until else None
    rows = []
    for (run_id, outcome), parts in sorted(_by_run(due.parts).items()):
        first, last, latest = (
            pick(getattr(part, name) for part in parts)
            for pick, name in ((min, "first"), (max, "last"), (max, "latest"))
        )
        rows.append(
            (run_id, outcome, sum(part.points for part in parts), first, last, history_until, parameters.run_id, latest)
        )
    if not rows:
        return
    columns = [column for column in SCORING_PROGRESS.columns if column.name != "consumed_at"]
    times = {column.name: f"timestamp_micros({column.name})" for column in columns if column.type == "timestamp"}
    # Seconds as a double would lose the last digit of a time of writing.
    plain = [(column.name, "bigint" if column.name in times else column.type) for column in columns]
    frame = small_frame(tables.spark, plain, rows).withColumns({name: sf.expr(text) for name, text in times.items()})
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    stamped = frame.withColumn("consumed_at", sf.current_timestamp()).coalesce(1)
    tables.append(SCORING_PROGRESS, stamped, f"scoring-progress-{parameters.run_id}-{digest}")


def _by_run(parts: Sequence[Part]) -> dict[tuple[str, str], list[Part]]:
    found: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        if part.due:
            found.setdefault((part.run_id, part.outcome), []).append(part)
    return found


def utc(micros: int) -> datetime:
    """The time so many microseconds after 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
