"""How a driver JVM starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import jvm
from cluster.jvm import CLASS_ARCHIVE, JvmStartError, extra_jars, start_jvm, stop_jvm

# Java then ends where it would otherwise do without its archive of classes.
NEEDS_ARCHIVE = ["-Xshare:on"]


def test_the_driver_maps_its_classes_from_the_archive(tmp_path: Path) -> None:
    assert CLASS_ARCHIVE.exists()
    stop_jvm(start_jvm(warehouse=tmp_path, memory="512m", java_options=NEEDS_ARCHIVE))


def test_an_archive_of_another_class_path_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reversed_jars = extra_jars()[::-1]
    monkeypatch.setattr(jvm, "extra_jars", lambda: reversed_jars)

    with pytest.raises(JvmStartError, match="before it was ready"):
        start_jvm(warehouse=tmp_path, memory="512m", java_options=NEEDS_ARCHIVE)
