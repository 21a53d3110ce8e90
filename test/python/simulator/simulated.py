"""Drops that the simulator made for a test, and what stands in them."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from simulator.machines.cli import main

DAY = "2015-01-20"
BASE = ["--machines", "60", "--seed", "5", "--quiet", "--fault-every", "1"]


def days(out: Path, *arguments: str, span: str = DAY) -> Path:
    assert main([*BASE, "--days", span, "--out", str(out), *arguments]) == 0
    return out


def lines(out: Path, source: str = "telemetry", day: str = DAY) -> list[str]:
    return (
        gzip.decompress((out / source / f"{day}.csv.gz").read_bytes())
        .decode("ascii")
        .removesuffix("\r\n")
        .split("\r\n")
    )


SMALL = ["--machines", "12", "--seed", "7", "--quiet", "--start", "2015-01-01", "--end", "2015-03-02"]
EVENTS = ("errors", "maint", "failures")


def run(out: Path, *arguments: str) -> Path:
    assert main([*arguments, "--out", str(out)]) == 0
    return out


def text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("ascii")


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text(path), newline="")))[1:]


def by_machine_and_time(found: list[list[str]]) -> list[list[str]]:
    return sorted(found, key=lambda row: (int(row[1]), row[0], row[2]))
