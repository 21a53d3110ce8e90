"""Programs that a notebook starts, whose output is the notebook's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    each: Callable[[str], str] = lambda line: line,
) -> int:
    """Runs a program to its end and returns its exit code; it reads nothing.

    Every line of its output and of its errors is printed as `each` gives it: by way of the notebook's standard output,
    which blanks secrets.
    """
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            print(each(line), end="")
    return process.returncode
