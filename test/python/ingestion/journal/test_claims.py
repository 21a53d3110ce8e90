"""What a drop claims to cover is believed as far as its rows bear it out, and a person can take the claim back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry
from pdm import SCENARIO

from batchkeeper.errors import ParameterError
from batchkeeper.ingestion.journal.coverage import watermark
from batchkeeper.ingestion.journal.revocation import Decision, decide
from workbench.session import LocalSession
from workbench.shells import run_shell

EMPTY = {
    "errors": "datetime,machineID,errorID\n",
    "maint": "datetime,machineID,comp\n",
    "failures": "datetime,machineID,failure\n",
}


def day(number: int, *lines: str) -> dict[str, str | bytes]:
    """A whole night: telemetry of these lines, and the other sources empty."""
    name = f"2015-11-{number:02d}.csv"
    return {f"telemetry/{name}": telemetry(*lines), **{f"{source}/{name}": text for source, text in EMPTY.items()}}


def good(number: int) -> dict[str, str | bytes]:
    return day(number, reading(f"2015-11-{number:02d} 01:00:00"))


def until(bench: Bench) -> str:
    moment = watermark(bench.tables, SCENARIO.sources)
    return f"{moment:%d}" if moment else "none"


def test_a_file_of_which_every_row_was_rejected_covers_nothing(bench: Bench) -> None:
    """Semicolons with decimal commas: the header is known, and no row can be read."""
    bench.ingest({"machines/2015-11-01.csv": MACHINES, **good(7)})
    comma = telemetry(reading("2015-11-08 01:00:00")).replace(",", ";").replace(".", ",")
    result = bench.ingest({**day(8), "telemetry/2015-11-08.csv": comma})
    assert result["counts"]["rowsQuarantined"] == 1
    assert until(bench) == "07"
    assert any(
        "telemetry: no file covers 2015-11-07T06:00:00Z to 2015-11-08T06:00:00Z" in warning
        for warning in result["warnings"]
    )
    assert any("covers_nothing" in warning for warning in result["warnings"])
    (reason,) = [
        row["reason"]
        for row in bench.tables.read("ingest_log").collect()
        if row["source_path"] == "telemetry/2015-11-08.csv"
    ]
    assert reason == "covers_nothing: none of its 1 rows was accepted"
    bench.ingest(good(8))
    assert until(bench) == "08"


CONTENTS = {
    "": True,
    telemetry(): True,
    telemetry() + "\n\n": True,
    telemetry(reading("2015-11-07 09:00:00"), "x,1,1,1,1,1"): True,
    telemetry(reading("2015-11-08 01:00:00", volt=0)): False,
    # Sound readings, but all of them of other days: those of the day are still to come.
    telemetry(reading("2015-11-07 01:00:00"), reading("2015-11-08 09:00:00")): False,
}
LATE_ERROR = "datetime,machineID,errorID\n2015-11-07 01:00:00,1,error1\n"


def test_what_covers(bench: Bench) -> None:
    """No byte, a header, blank lines below it, a good row among bad ones; but no bad row, and no row of another day.

    Nor is a fleet of bad rows a snapshot. A day without an error has none, whatever came late in its file.
    """
    drops: dict[str, str | bytes] = {
        f"telemetry/{place}/2015-11-08.csv": content for place, content in enumerate(CONTENTS)
    }
    others = {"machines/2015-11-08.csv": "machineID,model,age\n1,lathe,5\n", "errors/2015-11-08.csv": LATE_ERROR}
    result = bench.ingest({**others, **drops})
    log = {row["source_path"]: row["covers_to"] is not None for row in bench.tables.read("ingest_log").collect()}
    assert log == {
        "machines/2015-11-08.csv": False,
        "errors/2015-11-08.csv": True,
        **{f"telemetry/{place}/2015-11-08.csv": covers for place, covers in enumerate(CONTENTS.values())},
    }
    assert result["counts"]["filesRead"] == len(log)
    assert "machines: no file at all" in result["warnings"]


def decision(path: str, action: Any = "revoked", run: str = "revoke-1") -> Decision:
    return Decision(run, path, action, "the day of another line", "Ada")


def test_a_coverage_is_revoked_and_restored_with_its_story(bench: Bench) -> None:
    path = "telemetry/2015-11-08.csv"
    bench.ingest(
        {
            "machines/2015-11-01.csv": MACHINES,
            **good(7),
            **good(8),
            **good(9),
            "telemetry/2051-11-04.csv": telemetry(reading()),
        }
    )
    assert until(bench) == "09"
    result = json.loads(decide(bench.tables, SCENARIO, decision(path)).to_json())
    assert until(bench) == result["watermark"][8:10] == "07"
    assert any(
        "no file covers 2015-11-07T06:00:00Z to 2015-11-08T06:00:00Z" in warning for warning in result["warnings"]
    )
    assert len(bench.rows("telemetry", "ts")) == 3

    before = bench.content()
    decide(bench.tables, SCENARIO, decision(path))
    assert bench.content() == before
    decide(bench.tables, SCENARIO, decision(path, "restored", "revoke-2"))
    assert until(bench) == "09"
    story = bench.rows("ingest_log", "run_id", "status", "reason", "source_path")
    assert [row[:3] for row in story if row[3] == path][:2] == [
        ("revoke-1", "revoked", "Ada: the day of another line"),
        ("revoke-2", "restored", "Ada: the day of another line"),
    ]

    # A corrected delivery says anew what it covers.
    decide(bench.tables, SCENARIO, decision(path, run="revoke-3"))
    assert until(bench) == "07"
    bench.ingest({path: telemetry(reading("2015-11-08 01:00:00", volt=171))})
    assert until(bench) == "09"

    for unknown in ("telemetry/2051-11-04.csv", "telemetry/nothing.csv"):
        with pytest.raises(ParameterError, match=f"source_path: no file '{unknown}'"):
            decide(bench.tables, SCENARIO, decision(unknown))


def test_the_notebook_takes_the_words_of_a_person(bench: Bench, local: LocalSession) -> None:
    bench.ingest({"machines/2015-11-01.csv": MACHINES, **good(7)})
    words = {
        "source_path": "telemetry/2015-11-07.csv",
        "reason": "a test drop",
        "decided_by": "Ada",
        "action": "",
        "run_id": "77",
    }
    words |= {"catalog": bench.tables.catalog, "schema": bench.tables.schema, "scenario": "predictive_maintenance"}
    result = run_shell(local, "revoke_coverage", words).result
    assert result["counts"] == {"coveragesChanged": 1}
    assert "watermark" not in result
    assert ("revoke-77", "revoked") in bench.rows("ingest_log", "run_id", "status")
    with pytest.raises(ParameterError, match="reason: job parameter is empty"):
        run_shell(local, "revoke_coverage", {**words, "reason": " "})
    with pytest.raises(ParameterError, match="action: 'deleted' must be one of revoked, restored"):
        run_shell(local, "revoke_coverage", {**words, "action": "deleted"})
