"""Where the checkout is, and how its Python packages are found."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

REPO_ROOT = Path(__file__).resolve().parents[2]
PACKAGE_FOLDERS = tuple(REPO_ROOT / folder for folder in ("notebooks", "local/databricks", "local"))


def prepare() -> None:
    """Makes the packages importable here and in processes that follow, and sets the time zone to UTC. Call before
    importing Spark.
    """
    known = [str(folder) for folder in PACKAGE_FOLDERS]
    sys.path[:0] = [folder for folder in known if folder not in sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(known)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["TZ"] = "UTC"
    time.tzset()
