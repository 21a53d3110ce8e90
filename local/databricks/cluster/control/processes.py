"""Records of the processes that a controller started, so that its next life can end those that outlived it.

A process id alone may have been given to a stranger since; the start time that the kernel reports tells the two apart.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path


def start_time(pid: int) -> str | None:
    """When the process `pid` began, in the system's own notation; None when no such process runs."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command name in parentheses may hold blanks; the fields after it do not.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(shown) < 2 or shown[0].startswith("Z") else shown[1].strip()


def kill_group(pid: int) -> None:
    """Kills the process group that `pid` leads; nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def take_lock(path: Path, timeout_seconds: float) -> int:
    """Locks the file `path` and returns its descriptor; the lock lasts until all copies of that are closed.

    Raises:
        TimeoutError: another process holds the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise TimeoutError(f"{path} is locked: another cluster uses {path.parent}") from None
            time.sleep(0.05)
        else:
            return descriptor


class ProcessRecords:
    """The recorded processes of one state folder; each leads a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def record(self, pid: int, role: str) -> None:
        """Remembers the running process `pid` beyond the life of this one."""
        draft = self._folder / f".{pid}.draft"
        draft.write_text(json.dumps({"pid": pid, "startTime": start_time(pid), "role": role}))
        draft.replace(self._folder / f"{pid}.json")

    def forget(self, pid: int) -> None:
        """Drops the record of a process that has ended."""
        (self._folder / f"{pid}.json").unlink(missing_ok=True)

    def end_leftovers(self, timeout_seconds: float = 15) -> list[str]:
        """Kills every recorded process that is still the one recorded, waits for its end, and forgets all records.

        Returns:
            One line for each process that had to be killed.

        Raises:
            TimeoutError: a killed process did not end in time.
        """
        killed = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                record = json.loads(path.read_text())
            except FileNotFoundError:
                continue  # Forgotten meanwhile: it has ended.
            pid, began = int(record["pid"]), record["startTime"]
            if began is not None and start_time(pid) == began:
                kill_group(pid)
                _await_end(pid, began, timeout_seconds)
                killed.append(f"{record['role']} (process {pid})")
            path.unlink(missing_ok=True)
        return killed


def _await_end(pid: int, began: str, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while start_time(pid) == began:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} did not end within {timeout_seconds} s of being killed")
        time.sleep(0.02)
