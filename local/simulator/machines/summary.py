"""What was made: the record that stands beside the drops as `summary.json`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from simulator import VERSION
from simulator.days import Span
from simulator.machines import recipe
from simulator.machines.fleet import MachineHistory
from simulator.machines.telemetry import decoy_steps

if TYPE_CHECKING:
    from simulator.machines.plan import Plan


@dataclass(frozen=True)
class Delivery:
    """One file as it reaches the drops container: `deliver_at` (UTC) is when the source system would upload it."""

    source: str
    span: Span
    file: str
    rows: int
    size: int
    deliver_at: datetime
    faults: tuple[str, ...] = ()

    def again(self) -> Delivery:
        """The same file, delivered a second time ten minutes later."""
        return replace(self, deliver_at=self.deliver_at + timedelta(minutes=10))

    def as_json(self) -> dict[str, object]:
        """The entry of the summary."""
        return {
            "path": f"{self.source}/{self.file}",
            "firstDay": str(self.span.first),
            "lastDay": str(self.span.last),
            "rows": self.rows,
            "bytes": self.size,
            "deliverAt": self.deliver_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "faults": list(self.faults),
        }


class Summary:
    """Collects files and counts while a plan is carried out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._deliveries: list[Delivery] = []
        self._counts: dict[str, dict[str, int]] = {}
        self.machines = 0

    def add(self, delivery: Delivery) -> None:
        """Records a file."""
        self._deliveries.append(delivery)

    def count_events(self, histories: list[MachineHistory], first: int, last: int) -> None:
        """Counts what happened in the hours `first` .. `last`; replacements before the first hour are no visits of the
        span.
        """
        counts: dict[str, Counter[str]] = {
            "failures": Counter(),
            "maint": Counter(),
            "errors": Counter(),
            "decoys": Counter(),
        }
        for history in histories:
            for source, names in (("failures", None), ("maint", None), ("errors", recipe.ERRORS)):
                found = getattr(history, source).between(first, last)
                counts[source].update(
                    names[code - 1] if names else recipe.COMPONENTS[code - 1].name for code in found.codes.tolist()
                )
            steps = decoy_steps(self._plan.seed, history.machine.id, self._plan.first_hour, last)
            counts["decoys"].update(
                recipe.SENSORS[recipe.COMPONENTS[step.code - 1].sensor].name for step in steps if step.first >= first
            )
        self.machines = len(histories)
        self._counts = {source: dict(sorted(found.items())) for source, found in counts.items()}

    def rows(self) -> dict[str, int]:
        """Rows written per source; a file delivered twice counts once."""
        totals: Counter[str] = Counter()
        for path in {(delivery.source, delivery.file, delivery.rows) for delivery in self._deliveries}:
            totals[path[0]] += path[2]
        return dict(sorted(totals.items()))

    def as_json(self) -> dict[str, object]:
        """The whole record; files in the order of their delivery."""
        plan = self._plan
        return {
            "generator": {"name": "simulator", "version": VERSION},
            "profile": plan.profile,
            "faults": list(plan.active_faults),
            "seed": plan.seed,
            "start": str(plan.start),
            "end": str(plan.end),
            "days": plan.only_days.name if plan.only_days else None,
            "events": "recorded" if plan.events else "simulated",
            "machines": self.machines,
            "rows": self.rows(),
            "counts": self._counts,
            "files": [delivery.as_json() for delivery in sorted(self._deliveries, key=lambda found: found.deliver_at)],
        }

    def save(self) -> Path:
        """Writes `summary.json` into the output folder."""
        name = f"summary.{self._plan.only_days.name}.json" if self._plan.only_days else "summary.json"
        path = self._plan.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")
        return path
