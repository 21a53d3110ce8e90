"""Fixtures of the cluster's tests: one controller with one state folder for most of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from cluster_process import ClusterProcess, TinyServer

from cluster.notebook.source import HEADER


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The environment of a controller whose server is the tiny one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), TinyServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"DATABRICKS_HOST": f"http://127.0.0.1:{server.server_port}", "DATABRICKS_TOKEN": "test-token"}
    server.shutdown()


@pytest.fixture(scope="session")
def cluster_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the session's cluster: state, outputs, the controller's log."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="session")
def cluster(cluster_folder: Path, environment: dict[str, str]) -> Iterator[ClusterProcess]:
    """The controller that most tests share."""
    process = ClusterProcess(cluster_folder / "state", environment)
    yield process
    process.end()


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook from its cells and returns its path."""

    def write(*cells: str, name: str = "notebook.py") -> Path:
        path = tmp_path / name
        path.write_text(HEADER + "\n" + "\n\n# COMMAND ----------\n\n".join(cells) + "\n")
        return path

    return write
