"""A controller process, spoken to as the server does, and a small server for its notebooks to call."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlparse

from cluster.spark.jvm import REPO_ROOT

Event = dict[str, Any]
Write = Callable[..., Path]
# The last cell of a notebook that gives back what it found.
EXIT = "import json\ndbutils.notebook.exit(json.dumps(found))"
# Generous: the machine may be busy with other tests.
TIMEOUT_SECONDS = 180
# Runs its arguments on a machine that admits no namespaces.
NO_NAMESPACES = (sys.executable, str(Path(__file__).with_name("no_namespaces.py")))


class ClusterProcess:
    """One controller process on a state folder."""

    def __init__(self, state: Path, environment: Mapping[str, str], *options: str, wrapper: Sequence[str] = ()) -> None:
        self.state = state
        self.events: list[Event] = []
        self._count = 0
        self._arrived = threading.Condition()
        state.parent.mkdir(exist_ok=True)
        with (state.parent / "controller.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *wrapper,
                    sys.executable,
                    "-m",
                    "cluster.control.controller",
                    "--state",
                    str(state),
                    "--memory",
                    "2g",
                    *options,
                ],
                cwd=REPO_ROOT / "local" / "databricks",
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, **message: object) -> None:
        """Sends one message."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, notebook: Path, parameters: Mapping[str, str] | None = None, **more: object) -> str:
        """Starts a run and returns its id; `more` are further parts of the message."""
        self._count += 1
        run_id = f"run-{os.getpid()}-{self.process.pid}-{self._count}"
        order = {
            "runId": run_id,
            "notebookPath": str(notebook),
            "parameters": dict(parameters or {}),
            "outputDir": str(self.output_of(run_id)),
        }
        self.send(op="run", **order, **more)
        return run_id

    def run(self, notebook: Path, parameters: Mapping[str, str] | None = None, **more: object) -> Event:
        """Runs a notebook to its end and returns `finished`."""
        return self.finished(self.start(notebook, parameters, **more))

    def finished(self, run_id: str) -> Event:
        """Waits for the end of a run."""
        return self.wait(lambda event: event["event"] == "finished" and event["runId"] == run_id)

    def started(self, run_id: str) -> Event:
        """Waits until the notebook of a run is attached."""
        return self.wait(lambda event: event["event"] == "started" and event["runId"] == run_id)

    def wait(self, matches: Callable[[Event], bool]) -> Event:
        """Waits for the first event that matches."""
        with self._arrived:
            found = self._arrived.wait_for(
                lambda: next((event for event in self.events if matches(event)), None), TIMEOUT_SECONDS
            )
        assert found, f"no such event within {TIMEOUT_SECONDS} s; seen: {self.events}"
        return found

    def output_of(self, run_id: str) -> Path:
        """The output folder of a run."""
        return self.state.parent / "output" / run_id

    def log(self) -> str:
        """The controller's log."""
        return (self.state.parent / "controller.log").read_text()

    def jvm_pid(self) -> int:
        """The process id of the newest driver JVM."""
        return int([event for event in self.events if event["event"] == "ready"][-1]["jvmPid"])

    def end(self) -> None:
        """Closes the controller's input, as the server's death does, and waits."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(TIMEOUT_SECONDS)

    def kill(self) -> None:
        """Kills the controller alone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._arrived:
                self.events.append(json.loads(line))
                self._arrived.notify_all()


class TinyServer(BaseHTTPRequestHandler):
    """Answers what notebooks ask of the local Databricks server."""

    values: ClassVar[dict[tuple[str, str], Any]] = {}

    def do_GET(self) -> None:
        """Secrets and task values."""
        url = urlparse(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/api/2.0/secrets/get":
            self._answer(200, {"value": base64.b64encode(f"secret-of-{query['key']}".encode()).decode()})
        elif (query["taskKey"], query["key"]) in self.values:
            self._answer(200, {"value": self.values[query["taskKey"], query["key"]]})
        else:
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such task value"})

    def do_POST(self) -> None:
        """Task values and notebook runs; a path that ends in `bad` fails."""
        assert self.headers["Authorization"] == "Bearer test-token"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/internal/task-values":
            self.values["this", body["key"]] = body["value"]
            self._answer(200, {})
        elif body["path"].endswith("bad"):
            self._answer(400, {"error_code": "BAD", "message": "Workload failed, see run output for details"})
        else:
            self._answer(200, {"result": f"{body['path']} {body['arguments']} {body['timeoutSeconds']}"})

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def alive(pid: int) -> bool:
    """Whether a process runs, zombies aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits until a condition holds; fails when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold"
        time.sleep(0.02)


def warnings_of(cluster: ClusterProcess, run_id: str) -> list[str]:
    """What the controller told the server of the run, which the run's log has as well."""
    warned = [event["message"] for event in cluster.events if event["event"] == "warning" and event["runId"] == run_id]
    log = (cluster.output_of(run_id) / "stderr.log").read_text()
    assert all(message in log for message in warned)
    return warned
