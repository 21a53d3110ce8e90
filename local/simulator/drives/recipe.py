"""The figures of the drives, all invented. Rates per drive-day, ages in days."""

from __future__ import annotations

from dataclasses import dataclass

DAYS_PER_YEAR = 365.25

FILLED_AT_START = 0.85
"""Share of the slots that hold a drive on the first day; the others are filled within a year."""
FILLING_DAYS = 365
OLDEST_AT_START_DAYS = 2000
REFILLED_AFTER_DAYS = (1, 14)
"""How long a slot stays empty after its drive has left."""

FAILURE_RATE = 1.0e-4
"""Of the fleet: one failure in ten thousand drive-days."""
RETIREMENT_RATE = 2.5e-4
"""Drives that are taken out although they are sound."""
INFANT_DAYS, WORN_DAYS = 90, 1400
INFANT, STEADY, WORN = 1.8, 0.7, 1.4
"""How an age's rate lies beside that of the fleet: a bath tub."""

POD_SLOTS = 60
"""Slots of one pod, whose drives report together."""
READ_AT_HOUR = 23
LATE_SHARE = 0.004
"""Of the days of a pod: its rows come with the file of the next day."""
REPEATED_SHARE = 0.004
"""Of the days of a pod: its rows come a second time with the file of the next day."""
LOST_SHARE = 0.001
"""Of the days of a drive: there is no reading."""


@dataclass(frozen=True)
class Model:
    """A kind of drive: its share of the slots, and how its failure rate lies beside that of the fleet."""

    name: str
    share: float
    hazard: float


MODELS = (
    Model("KB-0400", 0.25, 1.1),
    Model("KB-0800", 0.35, 0.8),
    Model("ORN-12", 0.25, 0.7),
    Model("ORN-16", 0.15, 1.8),
)


@dataclass(frozen=True)
class Decline:
    """A way to fail, and how it shows: rises per day at its beginning and at its end, in the order of COUNTERS.

    Attributes:
        median_days, sigma: of the log-normal time between the first sign and the failure.
        read_errors: by how much the rate of read errors is higher at the end.
    """

    name: str
    share: float
    median_days: float
    sigma: float
    first: dict[str, float]
    last: dict[str, float]
    read_errors: float = 0.0


COUNTERS = (
    "power_on_hours",
    "power_cycles",
    "load_cycles",
    "crc_errors",
    "reallocated_sectors",
    "unstable_sectors",
    "uncorrectable_errors",
    "offline_uncorrectable",
    "command_timeouts",
)
CRITICAL = COUNTERS[4:]
NOISY = ("read_error_rate", "seek_error_rate", "temperature")

DECLINES = (
    Decline(
        "media",
        0.62,
        25.0,
        0.5,
        {"reallocated_sectors": 0.8, "unstable_sectors": 0.5, "uncorrectable_errors": 0.05},
        {
            "reallocated_sectors": 12.0,
            "unstable_sectors": 8.0,
            "uncorrectable_errors": 3.0,
            "offline_uncorrectable": 3.0,
        },
        read_errors=14.0,
    ),
    Decline(
        "electronics",
        0.18,
        14.0,
        0.5,
        {"command_timeouts": 0.5, "crc_errors": 0.3},
        {"command_timeouts": 5.0, "crc_errors": 3.0},
    ),
    Decline("sudden", 0.20, 1.0, 0.1, {}, {}),
)
SHORTEST_DECLINE_DAYS, LONGEST_DECLINE_DAYS = 3, 80

SCARRED_AT_START = 0.02
"""Share of the drives that begin with some bad sectors, and a further share for each year of age."""
SCARRED_A_YEAR = 0.012
LARGEST_SCAR = 24
SCARES_A_YEAR = 0.03
"""Times that a sound drive loses sectors for some days, and then no more."""
SCARE_DAYS = (2, 9)
SCARE_RISE = 1.2
TIMEOUTS_A_YEAR = 0.01
"""Single timed-out commands of sound drives."""
CRC_BURSTS_A_YEAR = 0.3
LARGEST_CRC_BURST = 40
POWER_CYCLES_A_DAY = 0.01
LOAD_CYCLES_A_DAY = (4.0, 40.0)

READ_ERROR_RATE = (60.0, 110.0, 8.0)
SEEK_ERROR_RATE = (50.0, 90.0, 5.0)
TEMPERATURE = (26.0, 38.0, 1.1)
"""Of the three noisy values: lowest and highest usual value of a drive, and the spread of its days."""
SEASON_DEGREES = 0.4
