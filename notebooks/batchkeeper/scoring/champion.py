"""Which model scores, checked before anything is written: it exists, fits the features, is not too old, and has not
drifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import iso, parse_time
from batchkeeper.delta.tables import Tables
from batchkeeper.model import registry
from batchkeeper.scenario.declaration import Scenario

SERIOUS_PSI = 0.25
STOP, SCORE = "stop", "score"


@dataclass(frozen=True)
class Choice:
    """The version to score with, or None and why; `notes` go into every row that is written."""

    version: registry.RegisteredVersion | None
    notes: tuple[str, ...] = ()
    refusal: str | None = None


def _earlier_champions(tables: Tables, name: str, champion: str) -> list[str]:
    """Versions that were champion before, the latest first."""
    if not tables.exists("gate_decisions"):
        return []
    promoted = tables.read("gate_decisions").where((sf.col("model_name") == name) & (sf.col("decision") == "promoted"))
    rows = promoted.orderBy(sf.col("decided_at").desc()).select("model_version").collect()
    return [row[0] for row in rows if row[0] != champion]


def fitting(tables: Tables, scenario: Scenario) -> Choice:
    """The champion, or the last good model when the champion was made for other features, targets or horizons."""
    name = registry.model_name(tables, scenario)
    champion = registry.find_alias(name, registry.CHAMPION)
    if champion is None:
        return Choice(None, refusal=f"no champion: model {name} has no version with the alias {registry.CHAMPION}")
    latest = registry.describe(name, champion)
    unfit = latest.card.unfit_for(scenario)
    if unfit is None:
        return Choice(latest)
    reason = f"champion {champion} {unfit}"
    for version in _earlier_champions(tables, name, champion):
        earlier = registry.describe(name, version)
        if earlier.card.unfit_for(scenario) is None:
            return Choice(earlier, (f"{reason}; scored with the last good version {version}",))
    return Choice(None, refusal=f"{reason}, and no earlier champion fits: train a model for the scenario as it is now")


def history_until(tables: Tables, version: registry.RegisteredVersion) -> datetime:
    """How far the data reached when the first champion was trained: points up to here are history from before it.

    Without the tables of its training, as for a model that came from another schema, the end of what the version learnt
    from.
    """
    learnt = max(parse_time(end, "splits") for _, end in version.card.splits.values())
    if not tables.exists("training_sets"):
        return learnt
    runs = f"run_id = '{version.card.run_id}'"
    if tables.exists("gate_decisions"):
        promoted = f"decision = 'promoted' AND model_name = '{version.name}'"
        runs += f" OR run_id IN (SELECT run_id FROM {tables.name('gate_decisions')} WHERE {promoted})"
    row = tables.read("training_sets").where(runs).selectExpr("unix_timestamp(min(watermark))").first()
    return learnt if row is None or row[0] is None else datetime.fromtimestamp(row[0], UTC)


def _drift(tables: Tables, version: str) -> str | None:
    """What the last monitoring run found against this version, or None."""
    if not tables.exists("drift_metrics"):
        return None
    place = "dense_rank() OVER (ORDER BY window_end DESC, measured_at DESC) AS place"
    mine = (
        tables.read("drift_metrics")
        .where(sf.col("model_version") == version)
        .selectExpr("run_id", "feature", "psi", place)
    )
    serious = mine.where(f"place = 1 AND psi >= {SERIOUS_PSI}").orderBy(sf.desc("psi")).collect()
    if not serious:
        return None
    worst = ", ".join(f"{row['feature']} {row['psi']:.2f}" for row in serious[:3])
    return f"monitoring run {serious[0]['run_id']} found drift in {len(serious)} features (PSI: {worst})"


def weigh(tables: Tables, choice: Choice, latest: datetime, *, max_age_days: int, on_doubt: str) -> Choice:
    """What is doubtful about a fitting model for as-of points up to `latest`.

    Args:
        max_age_days: how long after its last training row a model may be used without doubt.
        on_doubt: `score` with a note in every row, or `stop`.
    """
    if choice.version is None:
        return choice
    notes = list(choice.notes)
    trained_until = parse_time(choice.version.card.trained_until, "trained_until")
    age = (latest - trained_until).days
    if age > max_age_days:
        notes.append(
            f"version {choice.version.version} was trained on data up to {iso(trained_until)}, {age} days ago; "
            f"limit {max_age_days}"
        )
    drift = _drift(tables, choice.version.version)
    if drift:
        notes.append(drift)
    if notes and on_doubt == STOP:
        return Choice(None, refusal="; ".join(notes))
    return Choice(choice.version, tuple(notes))
