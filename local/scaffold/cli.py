"""The command `batchkeeper new scenario NAME`: declaration, rules, definitions, a small simulator, tests."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

REPO_ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).with_name("template")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
_TAKEN = ("batchkeeper", "cluster", "simulator", "workbench", "bench", "evaluate", "explore", "scaffold")

FILES = {
    "scenario.py.txt": "notebooks/{name}/scenario.py",
    "init.py.txt": "notebooks/{name}/__init__.py",
    "rules.yml": "notebooks/{name}/rules.yml",
    "README.md": "notebooks/{name}/README.md",
    "scoring.json": "pipelines/{dashed}-scoring.json",
    "training.json": "pipelines/{dashed}-training.json",
    "monitoring.json": "pipelines/{dashed}-monitoring.json",
    "simulate.py.txt": "test/python/{name}/simulate_{name}.py",
    "test.py.txt": "test/python/{name}/test_{name}.py",
}
"""Template -> path below the checkout."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files and says what they are; 2 when the name cannot be one, or a file is there already."""
    parser = argparse.ArgumentParser(prog="batchkeeper new", description="Writes the files of a new scenario.")
    parser.add_argument("what", choices=["scenario"])
    parser.add_argument("name", help="name of the package, such as pump_failures")
    parser.add_argument("--root", type=Path, default=REPO_ROOT, help="the checkout (default: this one)")
    given = parser.parse_args(arguments)
    if not _NAME.fullmatch(given.name) or given.name in (*_TAKEN, *sys.stdlib_module_names):
        print(f"new scenario: {given.name!r} must be a-z, 0-9 and '_', and no package that is there", file=sys.stderr)
        return 2
    targets = {given.root / path: text for path, text in rendered(given.name).items()}
    if there := [str(path.relative_to(given.root)) for path in targets if path.exists()]:
        print(f"new scenario: nothing is written over: {', '.join(there)}", file=sys.stderr)
        return 2
    for path, text in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"wrote {path.relative_to(given.root)}")
    print(f"Next: docs/adapt.md, and `.venv/bin/python -m pytest test/python/{given.name}`")
    return 0


def rendered(name: str) -> dict[str, str]:
    """The files of a scenario by their paths below the checkout."""
    words = {"name": name, "dashed": name.replace("_", "-")[:28].strip("-"), "title": name.replace("_", " ")}
    return {
        path.format(**words): Template((TEMPLATES / template).read_text()).substitute(words)
        for template, path in FILES.items()
    }
