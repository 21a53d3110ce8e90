"""Which entity-days lack readings: nothing is expected of who is not there."""

from __future__ import annotations

import json
from typing import Any

from drop_bench import HEADER, Bench

FLEET = "machineID,model,age\n"


def telemetry(day: int, *machines: int, hours: int = 24) -> dict[str, str | bytes]:
    """The readings of a day, which begins at six."""
    times = [f"2015-11-{day - 1 + (6 + hour) // 24:02d} {(6 + hour) % 24:02d}:00:00" for hour in range(1, hours + 1)]
    rows = [
        f"{time},{machine},170,450,100,{40 + place / 8}" for machine in machines for place, time in enumerate(times)
    ]
    return {f"telemetry/2015-11-{day:02d}.csv": "\n".join([HEADER, *rows])}


def snapshot(day: int, *machines: int) -> dict[str, str | bytes]:
    return {f"machines/2015-11-{day:02d}.csv": FLEET + "".join(f"{machine},model1,{machine}\n" for machine in machines)}


def incomplete(bench: Bench, result: dict[str, Any]) -> list[tuple[int, str, int]]:
    """What the outcome file lists: machine, day, readings."""
    listed = json.loads((bench.volume / result["outcomePath"]).read_text())["incomplete"]
    return [(row["entity"], row["day"][-2:], row["readings"]) for row in listed]


def expected(bench: Bench) -> dict[tuple[int, int], int]:
    return {
        (machine, day): rows for machine, day, rows in bench.rows("completeness", "machine_id", "day(day)", "expected")
    }


def test_nothing_is_expected_of_a_machine_that_has_left_or_is_not_there_yet(bench: Bench) -> None:
    """Machine 2 is gone from the snapshot of the 9th, 3 stands in that of the 10th for the first time; 1 is silent in
    part.
    """
    first = bench.ingest({**snapshot(8, 1, 2), **telemetry(8, 1, 2), **snapshot(9, 1), **telemetry(9, 1, 2, hours=20)})
    second = bench.ingest({**snapshot(10, 1, 3), **telemetry(10, 1, 3, hours=5), **telemetry(11, 1)})

    assert incomplete(bench, first) == [(1, "09", 20)]
    assert incomplete(bench, second) == [(1, "10", 5), (3, "11", 0)]
    wanted = {
        (1, 8): 24,
        (2, 8): 24,
        (1, 9): 24,
        (2, 9): 0,
        (1, 10): 24,
        (2, 10): 0,
        (3, 10): 0,
        (1, 11): 24,
        (2, 11): 0,
        (3, 11): 24,
    }
    assert expected(bench) == wanted

    # A snapshot of the past comes late: the days whose beginning or end it changes are judged anew, and nothing else is
    # written.
    bench.ingest(snapshot(11, 1))
    wanted |= {(3, 11): 0}
    assert expected(bench) == wanted
    parameters = bench.freeze(snapshot(12, 1))
    bench.run(parameters)
    before = bench.versions()
    bench.run(parameters)
    assert bench.versions() == before
    assert expected(bench) == wanted
