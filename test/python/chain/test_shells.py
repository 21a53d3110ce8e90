"""Notebooks are thin: Databricks source format, no logic of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


@pytest.mark.parametrize("name", ["features", "training_set", "training", "evaluation", "scoring", "revoke_coverage"])
def test_a_shell_has_the_header_no_function_and_one_exit(name: str) -> None:
    text = (NOTEBOOKS / f"{name}.py").read_text()

    lines = text.splitlines()
    assert lines[0] == "# Databricks notebook source"
    assert len(lines) <= 60
    assert not [line for line in lines if line.lstrip().startswith(("def ", "class "))]
    assert text.count("dbutils.notebook.exit(") == 1
    assert f"resources/{name}.job.yml" in text


def test_the_package_keeps_to_public_interfaces() -> None:
    forbidden = ("_jvm", "sparkContext", ".rdd", ".cache()", ".persist(", 'conf.set("spark.databricks', "toPandas")
    found = [
        (path.name, word)
        for path in [*(NOTEBOOKS / "batchkeeper").rglob("*.py"), *(NOTEBOOKS / "predictive_maintenance").rglob("*.py")]
        for word in forbidden
        if word in path.read_text()
    ]

    assert found == []
