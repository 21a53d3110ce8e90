"""The messages that the controller takes (docs/contracts.md, section 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ProtocolError(ValueError):
    """Raised when a message on standard input is not one of the protocol's; names the fault."""


@dataclass(frozen=True)
class RunRequest:
    """What the server asks for: one notebook with parameters, whose output goes to `output_dir`.

    `workspace_path` is the notebook's path in the workspace; `spark_conf`, `env` and `libraries` are those of its task
    and cluster.
    """

    run_id: str
    notebook_path: Path
    parameters: Mapping[str, str]
    output_dir: Path
    workspace_path: str | None = None
    spark_conf: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    libraries: Sequence[Mapping[str, Any]] = ()


def parse(line: bytes) -> dict[str, Any]:
    """The message on one line.

    Raises:
        ProtocolError: the line is not a JSON object.
    """
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise ProtocolError("not a JSON object")
    return message


def text(message: dict[str, Any], key: str) -> str:
    """The string that the message holds under `key`.

    Raises:
        ProtocolError: there is none.
    """
    value = message.get(key)
    if not isinstance(value, str) or not value:
        raise ProtocolError(f"{key} must be a string that is not empty")
    return value


def texts(message: dict[str, Any], key: str) -> dict[str, str]:
    """The object of strings that the message holds under `key`; empty when it holds none.

    Raises:
        ProtocolError: it is something else.
    """
    values = message.get(key, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ProtocolError(f"{key} must be an object of strings")
    return values


def run_request(message: dict[str, Any]) -> RunRequest:
    """The request that a `run` message makes.

    Raises:
        ProtocolError: a part is missing or of the wrong type.
    """
    libraries = message.get("libraries", [])
    if not isinstance(libraries, list) or not all(isinstance(library, dict) for library in libraries):
        raise ProtocolError("libraries must be a list of objects")
    return RunRequest(
        run_id=text(message, "runId"),
        notebook_path=Path(text(message, "notebookPath")),
        parameters=texts(message, "parameters"),
        output_dir=Path(text(message, "outputDir")),
        workspace_path=text(message, "workspacePath") if "workspacePath" in message else None,
        spark_conf=texts(message, "sparkConf"),
        env=texts(message, "env"),
        libraries=libraries,
    )
