"""`batchkeeper new scenario NAME` writes files that work as they are, and writes over nothing."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batchkeeper.ingestion.rows.rules import load_rules
from batchkeeper.scenario.load import load_scenario
from scaffold.cli import FILES, main
from workbench.session import LocalSession

NAME = "pump_failures"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of a new scenario, whose packages can be imported."""
    root = tmp_path / "checkout"
    assert main(["scenario", NAME, "--root", str(root)]) == 0
    for folder in ("notebooks", f"test/python/{NAME}"):
        monkeypatch.syspath_prepend(str(root / folder))
    for module in [name for name in sys.modules if NAME in name]:
        monkeypatch.delitem(sys.modules, module)
    return root


def test_declaration_rules_and_definitions_are_sound(checkout: Path) -> None:
    scenario = load_scenario(NAME)

    assert load_rules(scenario.rules, scenario.sources).rows
    for path in (checkout / "pipelines").glob("*.json"):
        definition = json.loads(path.read_text())
        assert (definition["scenario"], definition["schema"]) == (NAME, NAME)
        assert path.name == f"{definition['name']}.json"
    assert len([path for path in checkout.rglob("*") if path.is_file() and path.suffix != ".pyc"]) == len(FILES)


def test_its_own_test_passes(
    checkout: Path, spark: SparkSession, local: LocalSession, schema: str, tmp_path: Path
) -> None:
    own = importlib.import_module(f"test_{NAME}")

    own.test_a_small_fleet_becomes_features_and_labels(spark, local, schema, tmp_path)


@pytest.mark.parametrize("name", ["Pumps", "1st", "json", "batchkeeper", "a-b", "../x"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", name, "--root", str(tmp_path)]) == 2
    assert name in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared = checkout / "notebooks" / NAME / "scenario.py"
    declared.write_text("# mine\n")

    assert main(["scenario", NAME, "--root", str(checkout)]) == 2
    assert f"notebooks/{NAME}/scenario.py" in capsys.readouterr().err
    assert declared.read_text() == "# mine\n"
