"""What the name of a drop claims about time, and whether that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.contract.parameters import iso
from batchkeeper.delta.times import TimeRange
from batchkeeper.scenario.coverage_rule import CoverageRule
from batchkeeper.scenario.source import Source

_DAY = timedelta(days=1)
# Clocks differ.
_TOLERANCE = timedelta(hours=1)


@dataclass(frozen=True)
class Naming:
    """The bounds of what a name may claim.

    Attributes:
        begins: the day (UTC) before which the scenario has no data.
    """

    coverage: CoverageRule
    begins: date

    def faults(self, file: ManifestFile, source: Source | None) -> dict[str, str]:
        """The file rule that the name breaks, with what is wrong; `source` is None for a file of an unknown one."""
        span = self.coverage.covers(file.path)
        if span is None:
            return {"undated_name": f"the name {file.path} gives no day, so the file covers none"}
        start = datetime.combine(self.begins, time(), UTC)
        # The file of a day holds hours of the day before.
        if span[0] < start - _DAY:
            return {
                "name_before_start": f"the name covers time from {iso(span[0])}, the scenario begins at {iso(start)}"
            }
        # A snapshot is taken at any hour of the day that it is named after.
        tolerance = _TOLERANCE if source and source.time else _DAY
        if span[1] > file.modified + tolerance:
            return {
                "name_after_delivery": (
                    f"the name covers time up to {iso(span[1])}, after its delivery at {iso(file.modified)}"
                )
            }
        return {}

    def covers(self, file: ManifestFile, source: Source | None) -> TimeRange | None:
        """The span (from, to] that the file stands for, or None when its name gives none that can be believed."""
        return None if self.faults(file, source) else self.coverage.covers(file.path)
