"""`dbutils`, as far as jobs use it."""

from __future__ import annotations

import base64
import json
import posixpath
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from cluster.folders.places import Places
from cluster.notebook.execution import NotebookExit, PythonRestart
from cluster.utilities.files import FileSystem
from cluster.utilities.redaction import Redaction
from cluster.utilities.server_client import ServerClient, ServerError
from cluster.utilities.widgets import Widgets

TASK_VALUE_BYTES = 48 * 1024
_MISSING = object()


class WorkflowException(Exception):
    """Raised by `dbutils.notebook.run` when the other notebook fails or runs out of time; named as on Databricks."""


class NotebookUtils:
    """`dbutils.notebook`."""

    def __init__(self, run_id: str, path: str, server: ServerClient) -> None:
        self._run_id, self._path, self._server = run_id, path, server
        context = SimpleNamespace(notebookPath=lambda: SimpleNamespace(get=lambda: path, getOrElse=lambda _other: path))
        utils = SimpleNamespace(notebook=lambda: SimpleNamespace(getContext=lambda: context))
        # The way official templates find out their own path.
        self.entry_point = SimpleNamespace(getDbutils=lambda: utils)

    def exit(self, value: object) -> NoReturn:
        """Ends the notebook as a success with `value` as text."""
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: int = 0, arguments: dict[str, str] | None = None) -> str:
        """Runs another notebook as a run of its own and returns its exit value; 0 seconds = no limit.

        Raises:
            WorkflowException: it failed, or ran out of time.
        """
        target = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), path))
        strings = {str(key): str(value) for key, value in (arguments or {}).items()}
        order = {"parentRunId": self._run_id, "path": target, "timeoutSeconds": timeout_seconds, "arguments": strings}
        try:
            return str(self._server.post("/internal/notebook-run", order).get("result") or "")
        except ServerError as error:
            raise WorkflowException(f"{path}: {error}") from error


class TaskValues:
    """`dbutils.jobs.taskValues`."""

    def __init__(self, run_id: str, server: ServerClient) -> None:
        self._run_id, self._server = run_id, server

    def set(self, key: str, value: Any) -> None:
        """Leaves a JSON-serialisable value of at most 48 KiB to later tasks of the job run."""
        size = len(json.dumps(value).encode())
        if size > TASK_VALUE_BYTES:
            raise ValueError(f"task value {key}: {size} bytes of JSON, at most {TASK_VALUE_BYTES} are allowed")
        self._server.post("/internal/task-values", {"runId": self._run_id, "key": key, "value": value})

    def get(self, taskKey: str, key: str, default: Any = _MISSING, debugValue: Any = None) -> Any:
        """What an earlier task left under `key`, or `default`.

        Raises:
            ValueError: there is no such value and no default.
        """
        try:
            return self._server.get("/internal/task-values", {"runId": self._run_id, "taskKey": taskKey, "key": key})[
                "value"
            ]
        except ServerError as error:
            if error.status != 404:
                raise
            if default is _MISSING:
                raise ValueError(f"task {taskKey} left no value under {key}, and no default was given") from None
            return default


class Secrets:
    """`dbutils.secrets`; every value read is blanked out of the notebook's output."""

    def __init__(self, server: ServerClient, redaction: Redaction) -> None:
        self._server, self._redaction = server, redaction

    def get(self, scope: str, key: str) -> str:
        """A secret as text."""
        return self.getBytes(scope, key).decode()

    def getBytes(self, scope: str, key: str) -> bytes:
        """A secret as bytes."""
        value = base64.b64decode(self._server.get("/api/2.0/secrets/get", {"scope": scope, "key": key})["value"])
        self._redaction.hide(value.decode(errors="ignore"))
        return value

    def list(self, scope: str) -> Sequence[SimpleNamespace]:
        """The keys of a scope."""
        found = self._server.get("/api/2.0/secrets/list", {"scope": scope}).get("secrets", [])
        return [SimpleNamespace(key=entry["key"]) for entry in found]

    def listScopes(self) -> Sequence[SimpleNamespace]:
        """The secret scopes."""
        return [
            SimpleNamespace(name=entry["name"])
            for entry in self._server.get("/api/2.0/secrets/scopes/list", {}).get("scopes", [])
        ]


class Library:
    """`dbutils.library`."""

    def restartPython(self) -> NoReturn:
        """Drops what earlier cells defined; the next cell begins afresh."""
        raise PythonRestart


class DbUtils:
    """The object `dbutils` of one notebook run; `path` is the notebook's path in the workspace."""

    def __init__(self, run_id: str, path: str, places: Places, widgets: Widgets, redaction: Redaction) -> None:
        server = ServerClient()
        self.widgets = widgets
        self.notebook = NotebookUtils(run_id, path, server)
        self.jobs = SimpleNamespace(taskValues=TaskValues(run_id, server))
        self.fs = FileSystem(places)
        self.secrets = Secrets(server, redaction)
        self.library = Library()
