"""Records of processes: what outlived a controller is ended, strangers are not."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cluster.control.processes import ProcessRecords, start_time, take_lock


def test_ends_a_recorded_process(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    ProcessRecords(tmp_path).record(process.pid, "sleeper")

    killed = ProcessRecords(tmp_path).end_leftovers()

    assert killed == [f"sleeper (process {process.pid})"]
    assert process.wait() == -9
    assert list(tmp_path.iterdir()) == []


def test_spares_a_stranger_with_a_reused_id(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    records = ProcessRecords(tmp_path)
    records.record(process.pid, "sleeper")
    path = tmp_path / f"{process.pid}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "startTime": "1"}))

    killed = records.end_leftovers()

    assert killed == []
    assert process.poll() is None
    process.kill()
    process.wait()


def test_knows_no_start_time_of_an_ended_process() -> None:
    process = subprocess.Popen(["true"])
    began = start_time(process.pid)
    process.wait()

    assert start_time(process.pid) is None
    assert began is None or began.isdigit()


def test_a_lock_lasts_as_long_as_a_process_that_inherited_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    descriptor = take_lock(path, 0)
    heir = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    os.close(descriptor)

    with pytest.raises(TimeoutError, match="another cluster uses"):
        take_lock(path, 0.1)

    heir.kill()
    os.close(take_lock(path, 5))
    heir.wait()
