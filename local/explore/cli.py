"""The command line of the exploration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.paths import REPO_ROOT
from workbench.session import local_session
from workbench.shells import run_page
from workbench.workspace import CATALOG


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `notebooks/exploration.py` and writes its page; 2 when the state folder holds no tables."""
    parser = argparse.ArgumentParser(
        prog="explore", description="A failure from near, as an HTML page: readings, labels, scores."
    )
    parser.add_argument(
        "--state", type=Path, default=REPO_ROOT / ".batchkeeper" / "demo", help="state folder of a demo that has ended"
    )
    parser.add_argument("--schema", default="batchkeeper", help="schema of the tables (default batchkeeper)")
    parser.add_argument("--entity", default="", help="machine to show (default: that of the last scored failure)")
    parser.add_argument("--scenario", default="predictive_maintenance", help="default predictive_maintenance")
    parser.add_argument(
        "--out", type=Path, default=REPO_ROOT / "docs" / "exploration.html", help="default docs/exploration.html"
    )
    given = parser.parse_args(arguments)
    databricks = given.state / "databricks"
    if not (databricks / "warehouse").is_dir():
        print(f"explore: {databricks} holds no tables; run `npm run demo` first", file=sys.stderr)
        return 2
    with local_session(databricks, "2g") as session:
        parameters = {"schema": given.schema, "scenario": given.scenario, "entity": given.entity}
        page = run_page(session, "exploration", {"catalog": CATALOG, **parameters})
    given.out.write_text(page, encoding="utf-8")
    print(f"wrote {given.out} ({len(page) // 1024} KiB)")
    return 0
