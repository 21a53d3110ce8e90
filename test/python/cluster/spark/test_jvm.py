"""How a driver JVM starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.spark import jvm
from cluster.spark.jvm import CLASS_ARCHIVE, JvmStartError, extra_jars, start_jvm, stop_jvm

# Java then ends where it would otherwise do without its archive of classes.
NEEDS_ARCHIVE = ["-Xshare:on"]


def test_the_driver_maps_its_classes_from_the_archive(tmp_path: Path) -> None:
    assert CLASS_ARCHIVE.exists()
    stop_jvm(start_jvm(warehouse=tmp_path, memory="512m", java_options=NEEDS_ARCHIVE))


def test_a_checkout_takes_no_archive_that_was_made_in_another_folder(tmp_path: Path) -> None:
    """Java would take it, since the jars have the same names; its sealed packages then come from two places."""
    elsewhere = "from cluster.spark import jvm; print(jvm.CLASS_ARCHIVE.name)"
    copy = tmp_path / "local" / "databricks" / "cluster"
    shutil.copytree(Path(jvm.__file__).parents[1], copy, ignore=shutil.ignore_patterns("__pycache__"))
    found = subprocess.run(
        [sys.executable, "-c", elsewhere], cwd=copy.parent, capture_output=True, text=True, check=True
    ).stdout

    assert found.strip() != CLASS_ARCHIVE.name


def test_an_archive_of_another_class_path_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reversed_jars = extra_jars()[::-1]
    monkeypatch.setattr(jvm, "extra_jars", lambda: reversed_jars)

    with pytest.raises(JvmStartError, match="before it was ready"):
        start_jvm(warehouse=tmp_path, memory="512m", java_options=NEEDS_ARCHIVE)
