"""Fixtures of the tests of paths: a machine whose own files must stay."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.spark.jvm import REPO_ROOT

# Where tests make folders of the machine outside of its temporary folder, in which a checkout may lie itself.
OUTSIDE = Path.home() if REPO_ROOT.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve()) else REPO_ROOT
ELSEWHERE = str(OUTSIDE / ".batchkeeper-test-")


@pytest.fixture
def harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what is tested here would delete files of this machine: nothing outside the test's own folder can be
    removed.
    """

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def remove(path: Any, *args: Any, **kwargs: Any) -> Any:
            # Names without a folder come from a removal of a tree that was let through.
            if os.path.isabs(path) and not str(Path(path).resolve()).startswith((f"{tmp_path}/", ELSEWHERE)):
                raise AssertionError(f"{path} would have been removed")
            return call(path, *args, **kwargs)

        return remove

    monkeypatch.setattr(shutil, "rmtree", guarded(shutil.rmtree))
    for name in ("unlink", "remove", "rmdir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder of the machine that no notebook may touch."""
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    return folder


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder of the machine outside of its temporary folder."""
    with tempfile.TemporaryDirectory(prefix=Path(ELSEWHERE).name, dir=OUTSIDE) as name:
        (Path(name) / "kept").mkdir()
        (Path(name) / "kept" / "kept.txt").write_text("kept")
        yield Path(name)
