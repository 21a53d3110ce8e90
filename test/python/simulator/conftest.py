"""Drops that several tests of the simulator read, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import SMALL, run


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("history"), *SMALL, "--history-until", "2015-02-20")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("whole"), *SMALL)
