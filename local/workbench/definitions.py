"""The shipped pipeline definitions, so that what is measured is what runs."""

from __future__ import annotations

import json
from functools import cache

from workbench.paths import REPO_ROOT


@cache
def _parameters() -> dict[str, dict[str, str]]:
    files = [path for path in sorted((REPO_ROOT / "pipelines").glob("*.json")) if path.suffixes != [".schema", ".json"]]
    definitions = [json.loads(path.read_text()) for path in files]
    return {step["name"]: step.get("parameters", {}) for definition in definitions for step in definition["steps"]}


def shipped_parameters(step: str) -> dict[str, str]:
    """The step's own parameters as the shipped definition passes them; an empty one leaves the default to the code.

    Raises:
        KeyError: no definition has such a step.
    """
    return dict(_parameters()[step])
