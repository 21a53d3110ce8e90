"""The second scenario is declared, not programmed: it is sound, short, and shares no name with the first."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from batchkeeper.delta.tables import Tables
from batchkeeper.ingestion.rows.rules import load_rules
from batchkeeper.model.registry import model_name
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "drive_failures"
MOST_LINES = 300


def test_the_declaration_and_its_rules_are_sound() -> None:
    scenario = load_scenario("drive_failures")

    assert load_rules(scenario.rules, scenario.sources).rows.keys() == {source.name for source in scenario.sources}
    assert (scenario.entity.type, scenario.hours, scenario.heads[0]) == ("string", (168, 720), ("drive", 168))
    assert scenario.maintenance is None


def test_it_is_found_beside_the_notebooks_where_the_bundle_puts_it() -> None:
    assert load_scenario("drive_failures").rules.parent == EXAMPLE


def test_the_declaration_is_short_and_has_no_code_of_spark() -> None:
    text = (EXAMPLE / "scenario.py").read_text()
    imported = [node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]

    assert len(text.splitlines()) <= MOST_LINES
    assert set(imported) == {"__future__", "datetime", "pathlib", "batchkeeper.scenario"}


def test_the_rule_is_any_of_the_five_critical_counters() -> None:
    scenario = load_scenario("drive_failures")
    asked = [name for name in feature_set(scenario).names if name in scenario.rule.of["drive"]]

    assert asked == [
        "reallocated_sectors_level",
        "unstable_sectors_level",
        "uncorrectable_errors_level",
        "offline_uncorrectable_level",
        "command_timeouts_level",
    ]
    assert [one.of for one in scenario.baselines if one.name == "never"] == [{"drive": "0.0D"}]


def test_the_two_scenarios_live_in_one_process_and_do_not_meet() -> None:
    shipped, drives = load_scenario("predictive_maintenance"), load_scenario("drive_failures")
    schemas = {
        one: json.loads((EXAMPLE / "pipelines" / f"drive-failures-{one}.json").read_text())["schema"]
        for one in ("scoring", "training", "monitoring")
    }
    # No session is needed to name a model.
    one, other = Tables(None, "main", "batchkeeper"), Tables(None, "main", schemas["scoring"])  # type: ignore[arg-type]

    assert set(schemas.values()) == {"drive_failures"}
    assert model_name(one, shipped) != model_name(other, drives)
    assert feature_set(shipped).schema_hash != feature_set(drives).schema_hash
    assert not {str(shipped.rules)} & {str(drives.rules)}
