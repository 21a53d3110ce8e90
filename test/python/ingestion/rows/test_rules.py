"""Rules files: what is read from the scenario's own, and what is refused with which words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from pdm import RULES, SOURCES

from batchkeeper.errors import RulesError
from batchkeeper.ingestion.rows.rules import load_rules


def changed(tmp_path: Path, *keys: str, value: object) -> Path:
    document = yaml.safe_load(RULES.read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    target = tmp_path / "rules.yml"
    target.write_text(yaml.safe_dump(document))
    return target


def test_the_rules_of_the_scenario_are_sound() -> None:
    rules = load_rules(RULES, SOURCES)
    assert {rule.name for rule in rules.for_source("telemetry")} >= {"volt_range", "unknown_machine", "off_the_hour"}
    assert rules.files["truncated_gzip"] == "quarantine"
    assert rules.begins == date(2014, 1, 1)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("version",), 2, "version must be 1"),
        (("files", "missing_column"), "ignore", "files.missing_column.*'ignore'"),
        (("files", "missing_column"), "warn", "missing_column cannot be 'warn'"),
        (("files", "name_after_delivery"), "warn", "name_after_delivery cannot be 'warn'"),
        (("begins",), "soon", "begins 'soon' must be a day such as 2014-01-01"),
        (("begins",), date(1850, 1, 1), "begins .*not before 1901-01-02"),
        (("form",), {}, "form must give a severity"),
        (("sources", "weather"), [], "sources.weather is no source"),
        (("sources", "errors"), [{"name": "x", "severity": "warn"}], r"sources.errors\[0\] \(x\): give either"),
        (("sources", "errors"), [{"name": "X!", "severity": "warn", "when": "true"}], "name 'X!'"),
        (("sources", "errors"), [{"name": "x", "severity": "warn", "refers_to": "weather"}], "refers_to 'weather'"),
        (("sources", "errors"), [{"name": "x", "severity": "warn", "when": "true"}] * 2, "unique"),
        (("sources", "errors"), [{"name": "x", "severity": "warn", "sql": "true"}], "a rule has name"),
    ],
)
def test_refusals_name_the_entry(tmp_path: Path, keys: tuple[str, ...], value: object, words: str) -> None:
    with pytest.raises(RulesError, match=words):
        load_rules(changed(tmp_path, *keys, value=value), SOURCES)


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "rules.yml"
    broken.write_text("files: [")
    with pytest.raises(RulesError, match=r"rules\.yml: cannot be read"):
        load_rules(broken, SOURCES)
