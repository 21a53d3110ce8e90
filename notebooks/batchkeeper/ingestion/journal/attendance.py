"""Who is expected to send on a day, by the snapshots that list everyone: who comes or leaves within a day owes no full
day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from batchkeeper.ingestion.journal.snapshots import Snapshot
from batchkeeper.scenario.coverage_rule import CoverageRule

_DAY = timedelta(days=1)


class Attendance:
    """Whom snapshots list at a time: those of the last complete one up to then, and whom later ones add.

    Before the first complete snapshot those whom it lists are there: it says nothing of when they came.

    Args:
        snapshots: by time.
        coverage: when a day ends.
    """

    def __init__(self, snapshots: Sequence[Snapshot], coverage: CoverageRule) -> None:
        self._coverage = coverage
        self._times: list[int] = []
        self._listed = [next((one.entities for one in snapshots if one.complete), frozenset[Any]())]
        for one in snapshots:
            self._times.append(one.at)
            self._listed.append(one.entities if one.complete else self._listed[-1] | one.entities)
        self._everyone = frozenset[Any]().union(*self._listed)

    def present(self, day: date) -> frozenset[Any]:
        """Whom snapshots list at the beginning of a day and at its end."""
        end = self._coverage.ends(day)
        return self._at(end - _DAY) & self._at(end)

    def agrees_with(self, other: Attendance) -> bool:
        """Whether both list the same at all times."""
        times = {*self._times, *other._times}
        return self._listed[0] == other._listed[0] and all(self._listed_at(at) == other._listed_at(at) for at in times)

    def absences(self, days: Iterable[date]) -> list[tuple[Any, date, date]]:
        """Whom some snapshot lists and who is not present, from a first to a last of the days: a row for each stretch
        of them.
        """
        found: list[tuple[Any, date, date]] = []
        begun: dict[Any, date] = {}
        last = date.min
        for day in sorted(days):
            absent = self._everyone - self.present(day)
            found += [(who, begun.pop(who), last) for who in sorted(begun.keys() - absent)]
            begun.update(dict.fromkeys(absent - begun.keys(), day))
            last = day
        return [*found, *((who, begun[who], last) for who in sorted(begun))]

    def _at(self, moment: datetime) -> frozenset[Any]:
        return self._listed_at(int(moment.timestamp()))

    def _listed_at(self, seconds: int) -> frozenset[Any]:
        return self._listed[bisect_right(self._times, seconds)]
