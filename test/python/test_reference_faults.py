"""The table of the reference's thirty faults names tests that exist; faults that show in the source are looked for
there.
"""

from __future__ import annotations

import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for path in (REPO / "notebooks").rglob("*.py")
    if "predictive_maintenance" in path.parts or "batchkeeper" in path.parts
]


def table() -> dict[int, list[str]]:
    lines = (REPO / "docs" / "reference-faults.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if re.match(r"\| \d+ \|", line)]
    return {int(cells[0]): re.findall(r"`([^`]+\.(?:py|test\.ts)::[^`]+)`", cells[3]) for cells in rows}


def exists(test: str) -> bool:
    file, name = test.split("::")
    if file.endswith(".py"):
        path = REPO / "test" / "python" / file
        return path.exists() and f"def {name}(" in path.read_text()
    path = REPO / "test" / file
    return path.exists() and f'it("{name}"' in path.read_text()


def test_every_fault_is_held_by_tests_that_exist() -> None:
    found = table()

    assert sorted(found) == list(range(1, 31))
    assert [number for number, tests in found.items() if not tests] == []
    assert [test for tests in found.values() for test in tests if not exists(test)] == []


def test_no_source_repeats_a_fault_that_can_be_read() -> None:
    forbidden = (".pivot(", ".cache()", ".persist(", ".toPandas(", "import pandas", '"overwrite"', "DROP TABLE")
    # A run's own folder, and a run's own rows of the training set: neither touches what another run wrote.
    # The stretches of presence are worked out anew from all snapshots, the same in any order, and written where they
    # differ.
    allowed = {
        ("scoring/export.py", '"overwrite"'),
        ("training_set/step.py", '"overwrite"'),
        ("presence/store.py", '"overwrite"'),
    }
    found = {("/".join(path.parts[-2:]), word) for path in SOURCES for word in forbidden if word in path.read_text()}

    assert len(SOURCES) > 30
    assert found - allowed == set()


def test_only_training_fits() -> None:
    fitting = {"/".join(path.parts[-2:]) for path in SOURCES if re.search(r"\.fit\(", path.read_text())}

    assert fitting == {"model/forests.py"}
