"""The command line: messages, exit codes, output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.machines.cli import main

LOCAL = Path(__file__).parents[3] / "local"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--end", "2014-01-01"], "--end 2014-01-01 lies before --start 2015-01-01"),
        (["--end", "yesterday"], "'yesterday' is no day (yyyy-mm-dd)"),
        (["--machines", "0"], "--machines must be at least 1"),
        (["--history-until", "2017-01-01"], "--history-until 2017-01-01 lies outside 2015-01-01 .. 2016-01-01"),
        (["--days", "2015-01-01"], "--days: 2015-01-01 does not lie after --start 2015-01-01"),
        (["--days", "2015-02-02..2015-02-01"], "the span 2015-02-02 .. 2015-02-01 ends before it begins"),
        (["--faults", "gremlins"], "--faults: unknown gremlins; known are ramp, drift"),
        (["--seed", "-1"], "--seed must not be negative"),
        (["--fault-every", "0"], "--fault-every and --workers must be at least 1"),
        (["--daily", "--history-until", "2015-02-01"], "not allowed with argument"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--out", str(tmp_path / "out"), *arguments])

    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("errors.csv", None, "errors.csv is missing"),
        ("errors.csv", "when,machineID,errorID\n", "errors.csv, line 1: the header must be datetime,machineID,errorID"),
        (
            "errors.csv",
            "datetime,machineID,errorID\n2015-01-02 06:00:00,1,error9\n",
            "errors.csv, line 2: 'error9' is none of error1,",
        ),
        (
            "failures.csv",
            "datetime,machineID,failure\n2015-01-02 06:30:00,1,comp1\n",
            "failures.csv, line 2: 2015-01-02 06:30:00 is not on",
        ),
        ("machines.csv", "machineID,model,age\n1,model1,18\nx,model1,18\n", "machines.csv, line 3:"),
        (
            "maint.csv",
            "datetime,machineID,comp\n2015-01-02,1,comp1\n",
            "maint.csv, line 2: time data '2015-01-02' does not match",
        ),
    ],
)
def test_bad_event_files_are_named_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, content: str | None, message: str
) -> None:
    sound = {"machines": "machineID,model,age\n1,model1,18\n"}
    sound |= {
        source: f"datetime,machineID,{column}\n"
        for source, column in (("errors", "errorID"), ("failures", "failure"), ("maint", "comp"))
    }
    for source, text in sound.items():
        (tmp_path / f"{source}.csv").write_text(text)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content)

    assert main(["--events", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert message in capsys.readouterr().err


def test_json_prints_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--machines", "3", "--end", "2015-01-10", "--out", str(tmp_path), "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "summary.json").read_text())


def test_an_output_that_cannot_be_written_is_named_and_nothing_is_left_half_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "telemetry").write_text("in the way")

    assert main(["--machines", "3", "--end", "2015-01-10", "--out", str(tmp_path), "--quiet"]) == 1
    assert f"{tmp_path / 'telemetry'}" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.part"))


def test_runs_as_a_module_with_help() -> None:
    environment = {**os.environ, "PYTHONPATH": str(LOCAL)}
    shown = subprocess.run(
        [sys.executable, "-m", "simulator", "--help"], env=environment, capture_output=True, text=True, check=True
    )

    for option in ("--machines", "--history-until", "--days", "--events", "--profile", "--faults", "missing-column"):
        assert option in shown.stdout
