"""What docs/adapt.md shows is code: the blocks of the page together are a sound declaration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import batchkeeper.scenario as parts
from batchkeeper.scenario import Scenario
from batchkeeper.scenario.checks.all import faults_of

ROOT = Path(__file__).resolve().parents[3]


def test_the_blocks_of_the_page_are_a_sound_declaration() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adapt.md").read_text(), re.DOTALL)
    arguments: dict[str, Any] = {}
    names = {**vars(parts), "Scenario": arguments.update}
    for block in blocks:
        exec("from datetime import timedelta\n" + block, names)

    rules = ROOT / "notebooks" / "predictive_maintenance" / "rules.yml"
    assert len(blocks) == 4
    assert faults_of(Scenario(name="pump_failures", rules=rules, **arguments)) == []
