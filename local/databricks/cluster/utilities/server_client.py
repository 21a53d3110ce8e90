"""What a notebook process asks of the local Databricks server over HTTP."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any


class ServerError(Exception):
    """Raised when the server refuses a request, or cannot be reached; `status` is 0 then."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ServerClient:
    """Calls the server that DATABRICKS_HOST and DATABRICKS_TOKEN name."""

    def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The JSON answer to a GET."""
        return self._send(urllib.request.Request(f"{self._host()}{path}?{urllib.parse.urlencode(query)}"))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to a POST; waits as long as the server takes."""
        return self._send(
            urllib.request.Request(self._host() + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        )

    @staticmethod
    def _host() -> str:
        host = os.environ.get("DATABRICKS_HOST", "")
        if not host:
            raise ServerError("DATABRICKS_HOST is not set: this call needs the local Databricks server", 0)
        return host.rstrip("/")

    @staticmethod
    def _send(request: urllib.request.Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {os.environ.get('DATABRICKS_TOKEN', '')}")
        # The server is on this machine: a proxy of the environment must not get between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request) as response:
                answer: dict[str, Any] = json.loads(response.read() or b"{}")
                return answer
        except urllib.error.HTTPError as error:
            raise ServerError(_message(error.read()) or f"HTTP {error.code}", error.code) from None
        except urllib.error.URLError as error:
            raise ServerError(f"the local Databricks server did not answer: {error.reason}", 0) from error


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message", ""))
    except (ValueError, AttributeError):
        return body[:500].decode(errors="replace")
