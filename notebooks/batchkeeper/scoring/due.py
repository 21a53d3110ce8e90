"""Which as-of points a scoring takes: the window asked for, and every feature row that no scoring has taken yet,
whichever run wrote it.

What a scoring took, or left out and why, stands in `scoring_progress`. A row that is computed again with other values
belongs to the run that did so, and is taken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scoring.progress import Due, Part, utc
from batchkeeper.tables.features import FEATURES
from batchkeeper.tables.results import BEFORE_FIRST_CHAMPION, PREDICTIONS, SCORED, SCORING_PROGRESS

# `old`: history that nobody asks for.
_PARTS = """
SELECT run_id, asked, due, old, until, count(*) AS points,
  unix_micros(min(as_of)) AS first, unix_micros(max(as_of)) AS last,
  unix_micros(max(computed_at)) AS latest FROM (
SELECT *, NOT asked AND {old} AS old FROM (
  SELECT run_id, as_of, computed_at, {asked} AS asked, until IS NULL OR mine OR computed_at > until AS due,
    CASE WHEN NOT mine THEN unix_micros(until) END AS until
  FROM {features}
  LEFT JOIN (SELECT features_run_id, max(consumed_until) AS until, bool_or(consumed_by = '{run_id}') AS mine
    FROM {progress} GROUP BY features_run_id) ON run_id = features_run_id WHERE feature_set_version = '{version}'))
WHERE asked OR due GROUP BY run_id, asked, due, old, until"""


def find_due(tables: Tables, scenario: Scenario, parameters: JobParameters, history_until: datetime | None) -> Due:
    """What a run has to score. Points up to `history_until` are left out, unless they are asked for or have been scored
    before.
    """
    asked, key = _asked(parameters), list(scenario.key)
    old = f"as_of <= {literal(history_until)}" if history_until else "false"
    parts = _parts(tables, scenario, parameters.run_id, asked, old)
    if any(part.due and part.run_id != parameters.run_id for part in parts) and _adopt(tables, scenario, old):
        parts = _parts(tables, scenario, parameters.run_id, asked, old)
    every = tables.read(FEATURES).where(f"feature_set_version = '{feature_set(scenario).version}'")
    rows = every.where(f"{asked} OR ({_due(parts)} AND NOT ({old}))")
    if any(part.old for part in parts):
        history = every.where(f"NOT ({asked}) AND {_due(parts)} AND {old}")
        known = tables.read(PREDICTIONS).where(old).select(*key).distinct()
        parts = [*(part for part in parts if not part.old), *_judged(scenario, parts, history, known)]
        if any(part.old and part.outcome == SCORED for part in parts):
            rows = rows.unionByName(history.join(known, key, "left_semi"))
    return Due(parts, rows, history_until)


def _asked(parameters: JobParameters) -> str:
    if parameters.window_start and parameters.window_end:
        return f"(as_of >= {literal(parameters.window_start)} AND as_of < {literal(parameters.window_end)})"
    return "false"


def _parts(tables: Tables, scenario: Scenario, run_id: str, asked: str, old: str) -> list[Part]:
    names = {"features": tables.name(FEATURES), "progress": tables.name(SCORING_PROGRESS.name)}
    rows = tables.spark.sql(
        _PARTS.format(asked=asked, old=old, run_id=run_id, version=feature_set(scenario).version, **names)
    ).collect()
    return sorted((Part(*row) for row in rows), key=lambda part: (part.run_id, part.first))


def _due(parts: Sequence[Part]) -> str:
    """SQL: whether a feature row is due, of which run soever."""
    whole = sorted({f"'{part.run_id}'" for part in parts if part.due and part.after is None})
    later = {part.run_id: part.after for part in parts if part.due and part.after is not None}
    found = [f"run_id = '{run_id}' AND computed_at > {literal(utc(after))}" for run_id, after in later.items()]
    if whole:
        found.append(f"run_id IN ({', '.join(whole)})")
    return f"({' OR '.join(found) or 'false'})"


def _judged(scenario: Scenario, parts: Sequence[Part], history: DataFrame, known: DataFrame) -> list[Part]:
    """History by what becomes of it: points that have predictions are scored again, others are not scored."""
    after = {part.run_id: part.after for part in parts if part.old}
    flagged = history.join(known.selectExpr("*", "true AS known"), list(scenario.key), "left").groupBy(
        "run_id", "known"
    )
    times = (f"unix_micros({time})" for time in ("min(as_of)", "max(as_of)", "max(computed_at)"))
    rows = flagged.agg(*map(sf.expr, ("count(*)", *times))).collect()
    return [
        Part(
            run_id,
            False,
            True,
            True,
            after[run_id],
            points,
            first,
            last,
            latest,
            SCORED if seen else BEFORE_FIRST_CHAMPION,
        )
        for run_id, seen, points, first, last, latest in rows
    ]


def _adopt(tables: Tables, scenario: Scenario, old: str) -> bool:
    """Where an earlier version scored and kept no record: takes for scored the runs whose rows all have predictions or
    are `old`.

    Returns whether there were any.
    """
    if not tables.read(SCORING_PROGRESS.name).isEmpty() or tables.read(PREDICTIONS).isEmpty():
        return False
    known = tables.read(PREDICTIONS).selectExpr(*scenario.key, "true AS known").distinct()
    flagged = tables.read(FEATURES).join(known, list(scenario.key), "left").groupBy("run_id")
    facts = (
        "count(*) AS points",
        "min(as_of) AS first",
        "max(as_of) AS last",
        "max(computed_at) AS latest",
        f"count_if(known OR {old}) AS done",
    )
    whole = flagged.agg(*map(sf.expr, facts)).where("done = points")
    values = (
        "run_id",
        f"'{SCORED}'",
        "points",
        "first",
        "last",
        "CAST(NULL AS TIMESTAMP)",
        "run_id",
        "latest",
        "current_timestamp()",
    )
    names = SCORING_PROGRESS.column_names
    rows = whole.selectExpr(*(f"{value} AS {name}" for value, name in zip(values, names, strict=True)))
    tables.append(SCORING_PROGRESS, rows.coalesce(1), "scoring-progress-adopted")
    return True
