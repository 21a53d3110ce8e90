"""Hard disks: which drive fails within 7 and 30 days. One reading of each drive a day; drives come and go all year, and
nobody repairs one.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from batchkeeper.scenario import (
    Baseline,
    Clock,
    Counter,
    Entity,
    Fact,
    Fleet,
    Grid,
    Horizon,
    Normal,
    Reading,
    Readings,
    Scenario,
    Targets,
    Windows,
    Words,
)

WEEK = 7 * 24
MONTH = 30 * 24

CRITICAL = {
    "reallocated_sectors": ("sectors", "that the drive has replaced"),
    "unstable_sectors": ("sectors", "that could not be read at once"),
    "uncorrectable_errors": ("reads", "that the drive could not correct"),
    "offline_uncorrectable": ("sectors", "that its own test could not read"),
    "command_timeouts": ("commands", "that it did not answer in time"),
}
"""Counters that are 0 on most drives for life. What they are matters less than whether they rise."""

ANY_ABOVE_ZERO = " OR ".join(f"coalesce({name}_level, 0) > 0" for name in CRITICAL)

SCENARIO = Scenario(
    name="drive_failures",
    rules=Path(__file__).with_name("rules.yml"),
    entity=Entity("serial_number", "string", "drive", ("serial_number", "serial"), "as printed on the drive"),
    clock=Clock(headers=("ts", "read_at"), day_begins=0),
    # The night's readings are in by midnight: a point a day is all that they can tell apart.
    grid=Grid(every=timedelta(days=1)),
    fleet=Fleet(
        "drives",
        facts=(
            Fact(
                "model",
                "string",
                feature="drive_model",
                categories=("KB-0400", "KB-0800", "ORN-12", "ORN-16"),
                comment="the maker's name of the kind",
            ),
        ),
        comment="The drives in their slots; each drop is a full snapshot",
    ),
    readings=Readings(
        "readings",
        step=timedelta(days=1),
        values=(
            Counter("power_on_hours", rise=(WEEK,), unit="h", comment="hours in operation"),
            Counter("power_cycles", rise=(WEEK,), unit="times", comment="times switched on"),
            Counter("load_cycles", rise=(WEEK,), unit="times", comment="times the heads were parked"),
            Counter("crc_errors", rise=(WEEK, 24), unit="faults", comment="on the cable, seldom the drive's"),
            *(
                Counter(name, rise=(WEEK, 24), unit=unit, comment=f"{unit} {meaning}")
                for name, (unit, meaning) in CRITICAL.items()
            ),
            Reading("read_error_rate", "per GB", largest=1000, comment="noisy, and of each drive its own"),
            Reading("seek_error_rate", "per 1000", largest=1000, comment="noisy, and of each drive its own"),
            Reading("temperature", "C", largest=100),
        ),
        windows=Windows(mean=(24, WEEK), spread=(WEEK,), deviation=(WEEK,), fresh=24),
        normal=Normal(hours=3 * WEEK, gap_hours=WEEK),
        comment="One reading of each drive a day",
    ),
    targets=Targets("failures", names=("drive",), called="part", comment="Drives that failed in operation"),
    horizons=(
        # Copy the data to another drive and swap this one, before it fails under load.
        Horizon(WEEK, missed=1000, needless=150),
        # Have enough spares on the shelf.
        Horizon(MONTH, missed=1000, needless=40, acted_on=False),
    ),
    rule=Baseline("any_critical", {"drive": ANY_ABOVE_ZERO}),
    baselines=(Baseline("never", {"drive": "0.0D"}),),
    words=Words(facts="drive model {model}"),
)
