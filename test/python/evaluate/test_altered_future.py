"""The features of a real ingestion: nothing that happens after an as-of point changes its features.

`model/test_features.py` shows the same of the computation alone in every run of the suites.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluate.leakage import altered_future
from workbench.session import LocalSession

pytestmark = pytest.mark.slow


def test_altered_later_data_change_no_earlier_feature_row(local: LocalSession, tmp_path: Path) -> None:
    told: list[str] = []

    (found,) = altered_future(local, tmp_path / "drops", 5, told.append)

    assert found.met, f"{found.value:.0f} feature rows know of data after their as-of time"
    assert "differ after it" in found.beside, "the altered data changed nothing"
    for schema in ("future_one", "future_two"):
        local.spark.sql(f"DROP SCHEMA {schema} CASCADE")
