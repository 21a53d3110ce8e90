"""The drops of the drives: snapshots, readings and failures. The file of day D covers (D-1 00:00, D 00:00], the day
before it.

Up to the last day of the history there is one file of readings and one of failures, and a snapshot a week; from then on
there is a file of each a day. Rows of a late day, and of a day that is sent again, lie in the file of the next day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from simulator.drives import recipe
from simulator.drives.rows import DrivePlan, drives_of, rows_of
from simulator.machines.csv_files import DropFile, compress, render

SOURCES = ("drives", "readings", "failures")
_DAY = timedelta(days=1)
_SNAPSHOT_EVERY_DAYS = 7
_EPOCH = date(1970, 1, 1)


class DriveDrops:
    """Writes the drops of a plan."""

    def __init__(self, plan: DrivePlan) -> None:
        self._plan = plan
        self.drives = drives_of(plan)
        self._serials = pa.array([drive.serial for drive in self.drives])
        self.rows = rows_of(plan, self.drives)

    def write(self) -> None:
        """Writes all files."""
        plan = self._plan
        if plan.history_days > 0:
            last = plan.history_days - 1
            span = f"{self._file_day(0)}_{self._file_day(last)}" if last else str(self._file_day(0))
            self._write("readings", span, self._readings(0, last))
            self._write("failures", span, self._failures(0, last))
            for day in sorted({0, *range(last, -1, -_SNAPSHOT_EVERY_DAYS)}):
                self._write("drives", str(self._file_day(day)), self._snapshot(day))
        for day in range(plan.history_days, plan.days):
            name = str(self._file_day(day))
            self._write("drives", name, self._snapshot(day))
            self._write("readings", name, self._readings(day, day))
            self._write("failures", name, self._failures(day, day))

    def _file_day(self, day: int) -> date:
        return self._plan.start + _DAY * (day + 1)

    def _midnight(self, day: Any) -> Any:
        """Seconds since 1970 of a day or an array of days."""
        return ((self._plan.start - _EPOCH).days + day) * 86_400

    def _write(self, source: str, name: str, table: pa.Table) -> None:
        suffix = "csv.gz" if self._plan.gzip else "csv"
        content = render(table, header=True)
        with DropFile(self._plan.out / "drive-failures" / source / f"{name}.{suffix}") as drop:
            drop.write(compress(content) if self._plan.gzip else content)

    def _snapshot(self, day: int) -> pa.Table:
        listed = [drive for drive in self.drives if drive.there_at_end_of(day)]
        return pa.table(
            {
                "serial_number": pa.array([drive.serial for drive in listed], pa.string()),
                "model": pa.array([drive.model.name for drive in listed], pa.string()),
            }
        )

    def _readings(self, first: int, last: int) -> pa.Table:
        rows = self.rows
        kept = np.flatnonzero((rows.sent >= first) & (rows.sent <= last))
        minutes = np.array([drive.pod % 50 for drive in self.drives], dtype=np.int64)
        read = self._midnight(rows.day[kept]) + recipe.READ_AT_HOUR * 3600 + 60 * minutes[rows.drive[kept]]
        columns = {
            "serial_number": self._serials.take(pa.array(rows.drive[kept])),
            "ts": pa.array(read, pa.timestamp("s")),
        }
        for place, name in enumerate(recipe.COUNTERS):
            columns[name] = pa.array(np.ascontiguousarray(rows.counters[kept, place]))
        for place, name in enumerate(recipe.NOISY):
            columns[name] = pa.array(np.ascontiguousarray(rows.values[kept, place]))
        return pa.table(columns)

    def _failures(self, first: int, last: int) -> pa.Table:
        failed = [
            (drive.serial, self._midnight(drive.leaves) + drive.failed_at)
            for drive in self.drives
            if drive.failed_at is not None and drive.leaves is not None and first <= drive.leaves <= last
        ]
        serials, times = ([row[place] for row in failed] for place in (0, 1))
        return pa.table({"serial_number": pa.array(serials, pa.string()), "ts": pa.array(times, pa.timestamp("s"))})

    def summary(self) -> dict[str, object]:
        """What was made, in figures."""
        plan, rows = self._plan, self.rows
        there = [drive for drive in self.drives if drive.arrives < plan.days]
        gone = [drive for drive in there if drive.leaves is not None and drive.leaves < plan.days]
        keys = rows.drive.astype(np.int64) * plan.days + rows.day
        drive_days = len(np.unique(keys))
        failures = sum(drive.failed_at is not None for drive in gone)
        return {
            "seed": plan.seed,
            "start": str(plan.start),
            "end": str(plan.end),
            "drives": len(there),
            "arrived": sum(drive.arrives > 0 for drive in there),
            "left": len(gone),
            "failures": failures,
            "driveDays": drive_days,
            "failuresPer10000DriveDays": round(10_000 * failures / max(drive_days, 1), 3),
            "lateRows": int(np.count_nonzero(rows.sent > rows.day) - (len(keys) - drive_days)),
            "repeatedRows": len(keys) - drive_days,
        }
