"""Finds the declaration of a scenario by the name of its package, and checks it as a whole."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from batchkeeper.errors import ScenarioError
from batchkeeper.scenario.checks.all import faults_of
from batchkeeper.scenario.declaration import Scenario

_PACKAGE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def load_scenario(name: str) -> Scenario:
    """The declaration `SCENARIO` of `<name>/scenario.py`, beside the notebooks or among the examples.

    Raises:
        ScenarioError: there is none, or it has faults, all of which are listed with their places.
    """
    if not _PACKAGE.fullmatch(name):
        raise ScenarioError(f"scenario: {name!r} must be the name of a package: a-z, 0-9 and '_'")
    if find_spec(name) is None and (_EXAMPLES / name).is_dir() and str(_EXAMPLES) not in sys.path:
        sys.path.append(str(_EXAMPLES))
    if find_spec(name) is None or find_spec(f"{name}.scenario") is None:
        raise ScenarioError(f"scenario: there is no package {name} with a module scenario")
    try:
        module = import_module(f"{name}.scenario")
    except Exception as error:
        raise ScenarioError(f"{name}/scenario.py cannot be read: {type(error).__name__}: {error}") from error
    found = getattr(module, "SCENARIO", None)
    if not isinstance(found, Scenario):
        raise ScenarioError(f"{name}/scenario.py: SCENARIO must be a Scenario")
    faults = faults_of(found)
    if found.name != name:
        faults.insert(0, ("name", f"is {found.name!r}, the package is {name}"))
    if faults:
        listed = "\n".join(f"  {place}: {what}" for place, what in faults)
        raise ScenarioError(f"{name}/scenario.py has {len(faults)} faults:\n{listed}")
    return found
