"""The failure that the page is about, and the rows of the tables around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from batchkeeper.delta.query import text
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.errors import TableError
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.labels.labels import of_target, target_name
from batchkeeper.presence.stretches import EntityId
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.tables.results import PREDICTIONS

HOUR = timedelta(hours=1)
AFTER = timedelta(days=2)
_BEFORE_HORIZON = timedelta(days=3)


@dataclass(frozen=True)
class Failure:
    """A failure that scores were there for."""

    entity: EntityId
    target: str
    at: datetime

    def hours(self, at: datetime) -> float:
        """Hours from the failure to `at`; negative before it."""
        return (at - self.at) / HOUR


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Surroundings:
    """What the tables hold around a failure; times are hours from it."""

    tables: Tables
    scenario: Scenario
    failure: Failure

    @classmethod
    def of_last_scored(cls, tables: Tables, scenario: Scenario, entity: str) -> Surroundings:
        """Those of the last failure that was scored, of `entity` or (empty) of any.

        Raises:
            TableError: no failure has been scored.
        """
        name, first = scenario.entity.name, scenario.hours[0]
        scored = tables.read(PREDICTIONS).selectExpr(*scenario.key).distinct()
        failures = tables.read(scenario.targets.name).where(
            f"{name} = CAST({text(entity)} AS {scenario.entity.type})" if entity else "true"
        )
        ahead = failures.join(scored, name).where(f"as_of < {TIME} AND {TIME} <= as_of + INTERVAL {first} HOURS")
        columns = (f"unix_timestamp({TIME}) AS at", f"{name} AS entity", f"{target_name(scenario)} AS target")
        row = ahead.selectExpr(*columns).orderBy("at", "entity", "target", ascending=False).first()
        if row is None:
            raise TableError(
                f"no failure lies within {first} hours of a scored point: score days whose failures are known"
            )
        return cls(tables, scenario, Failure(row["entity"], str(row["target"]), _time(row["at"])))

    @property
    def before(self) -> timedelta:
        """How long before the failure is shown: what every horizon says of it, and some time before that."""
        return HOUR * self.scenario.hours[-1] + _BEFORE_HORIZON

    @property
    def _span(self) -> tuple[datetime, datetime]:
        """What is shown around the failure."""
        return self.failure.at - self.before, self.failure.at + AFTER

    @property
    def _mine(self) -> str:
        return f"{self.scenario.entity.name} = CAST({text(str(self.failure.entity))} AS {self.scenario.entity.type})"

    def rows(self, source: str, *columns: str, where: str = "true") -> list[tuple[float, Any]]:
        """Hours from the failure, and the row of a source."""
        start, end = self._span
        inside = f"{self._mine} AND {TIME} BETWEEN {literal(start)} AND {literal(end)} AND {where}"
        rows = self.tables.read(source).where(inside).selectExpr(f"unix_timestamp({TIME}) AS at", *columns)
        return [(self.failure.hours(_time(row["at"])), row) for row in rows.orderBy("at", *columns).collect()]

    def readings(self) -> list[tuple[float, Any]]:
        """The readings."""
        return self.rows(self.scenario.readings.name, *(value.name for value in self.scenario.readings.values))

    def events(self) -> list[tuple[float, str, str]]:
        """Hours, what happened, and the colour of its kind."""
        found = []
        for events in self.scenario.events:
            found += [(at, str(row[1]), "tab:orange") for at, row in self.rows(events.name, events.column)]
        if part := self.scenario.maintenance:
            found += [(at, f"{row[1]} replaced", "tab:green") for at, row in self.rows(part.name, part.column)]
        return found

    def failure_hours(self) -> list[float]:
        """The failures of the same target."""
        where = of_target(self.scenario, self.failure.target)
        return [at for at, _ in self.rows(self.scenario.targets.name, where=where)]

    def points(self) -> list[float]:
        """The as-of times."""
        start, end = self._span
        return [self.failure.hours(_time(at)) for at in AsOfGrid.of(self.scenario).times(start, end)]

    def scores(self) -> list[tuple[float, Any]]:
        """The predictions that stand: horizon_h, probability, threshold."""
        start, end = self._span
        current = self.tables.read(PREDICTIONS).where(
            f"{self._mine} AND {self.scenario.targets.called} = {text(self.failure.target)} AND NOT superseded"
            f" AND as_of BETWEEN {literal(start)} AND {literal(end)}"
        )
        columns = ("unix_timestamp(as_of) AS at", "horizon_h", "probability", "threshold")
        rows = current.selectExpr(*columns).orderBy("at").collect()
        return [(self.failure.hours(_time(row["at"])), row) for row in rows]
