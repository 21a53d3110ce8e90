"""What a notebook run came to, by what its process reported and how it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Any

Verdict = tuple[str, Mapping[str, Any]]
"""The outcome, and its details."""


def judged(
    report: Mapping[str, Any] | None, code: int | None, *, cancelled: bool, driver_is_lost: Callable[[], bool]
) -> Verdict:
    """The outcome of a run.

    Args:
        report: the last one of the process, if it gave one.
        code: what the process ended with; None: nobody saw how.
        driver_is_lost: asked only of a run that neither succeeded nor was cancelled, since it may wait.
    """
    if report and report["outcome"] == "success":
        return "success", report
    if cancelled:
        return "cancelled", {"error": "the run was cancelled"}
    if driver_is_lost():
        lost = {"error": "DriverLostError: the driver JVM ended while the notebook ran"}
        traced = {"errorTrace": report["errorTrace"]} if report and "errorTrace" in report else {}
        return "driver-error", lost | traced
    if report:
        return "failed", report
    if code is None:
        return "driver-error", {"error": "NotebookProcessLostError: the notebook process ended and nobody saw how"}
    if code < 0:
        killed = f"the notebook process was killed by {signal.Signals(-code).name} (out of memory, or by hand)"
        return "driver-error", {"error": f"NotebookProcessKilledError: {killed}"}
    ended = f"the notebook process ended itself with code {code}, without a result"
    return "failed", {"error": f"NotebookProcessExitedError: {ended}"}
