"""Predictions beside what then happened: the truth of each, the rule's answer, and the events that were announced or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from batchkeeper.tables import Tables, literal
from predictive_maintenance.baselines import ANNOUNCING_ERRORS

REPLAY_DELAY = "INTERVAL 30 MINUTES"
BINS = 10
_EPISODE_GAP = "24 hours"
# A score written more than this after its as-of time belongs to replayed history.
_LIVE = "INTERVAL 24 HOURS"


def labelled_predictions(tables: Tables, start: datetime, end: datetime, watermark: datetime) -> DataFrame:
    """Predictions of as-of points in [start, end) whose horizon has passed at `watermark`.

    Adds `truth` (the component failed in (as_of, as_of + horizon]), `rule` (all its announcing errors in the day before) and
    `usable_at`, when the score could be acted on: when it was written, for replayed history as_of + 30 minutes.
    """
    rows = tables.read("predictions").where(f"as_of >= {literal(start)} AND as_of < {literal(end)}")
    # Of a point that was scored again with other values only the last revision counts.
    rows = rows.where("NOT superseded")
    rows = rows.where(f"timestampadd(HOUR, horizon_h, as_of) <= {literal(watermark)}")
    failures = tables.read("failures").groupBy("machine_id", sf.col("comp").alias("component")).agg(sf.collect_list("ts").alias("failed"))
    errors = tables.read("errors").groupBy("machine_id").agg(sf.collect_list(sf.struct("error_id", "ts")).alias("errors"))
    joined = rows.join(sf.broadcast(failures), ["machine_id", "component"], "left").join(sf.broadcast(errors), "machine_id", "left")
    truth = sf.expr("coalesce(exists(failed, f -> f > as_of AND f <= timestampadd(HOUR, horizon_h, as_of)), false)")
    late = sf.expr(f"available_at > as_of + {_LIVE}")
    usable = sf.when(late, sf.expr(f"as_of + {REPLAY_DELAY}")).otherwise(sf.col("available_at"))
    return joined.select(
        "machine_id",
        "as_of",
        "horizon_h",
        "component",
        "model_version",
        "probability",
        sf.col("decision").cast("boolean").alias("alert"),
        truth.alias("truth"),
        _rule().alias("rule"),
        usable.alias("usable_at"),
    )


def _rule() -> Column:
    cases = []
    for component, codes in ANNOUNCING_ERRORS.items():
        recent = "coalesce(exists(errors, e -> e.error_id = '{}' AND e.ts > as_of - INTERVAL 24 HOURS AND e.ts <= as_of), false)"
        cases.append(f"WHEN '{component}' THEN {' AND '.join(map(recent.format, codes))}")
    return sf.expr(f"CASE component {' '.join(cases)} ELSE false END")


def tally(rows: DataFrame) -> list[Mapping[str, float | int | str]]:
    """Sums per model version, horizon, component and tenth of probability; one Spark job."""
    one = {
        "rows": "count(*)",
        "positives": "count_if(truth)",
        "alerts": "count_if(alert)",
        "true_alerts": "count_if(alert AND truth)",
        "rule_alerts": "count_if(rule)",
        "rule_true_alerts": "count_if(rule AND truth)",
        "probability": "sum(probability)",
        "brier": "sum(pow(probability - CAST(truth AS DOUBLE), 2))",
    }
    tenth = f"CAST(least(floor(probability * {BINS}), {BINS - 1}) AS INT) AS bin"
    groups = rows.selectExpr("*", tenth).groupBy("model_version", "horizon_h", "component", "bin")
    return [row.asDict() for row in groups.agg(*(sf.expr(f"{total} AS {name}") for name, total in one.items())).collect()]


def announced_failures(tables: Tables, rows: DataFrame) -> DataFrame:
    """One row per failure, model version and horizon that scores were there for: `hours_ahead` of the first usable alert, or null."""
    failures = tables.read("failures").select("machine_id", sf.col("comp").alias("component"), sf.col("ts").alias("failed_at"))
    before = sf.expr("failed_at > as_of AND failed_at <= timestampadd(HOUR, horizon_h, as_of)")
    scored = rows.where("truth").join(failures, ["machine_id", "component"]).where(before)
    ahead = (sf.unix_timestamp("failed_at") - sf.unix_timestamp("usable_at")) / 3600
    heard = sf.max(sf.when(sf.col("alert") & (ahead > 0), ahead)).alias("hours_ahead")
    return scored.groupBy("model_version", "horizon_h", "machine_id", "component", "failed_at").agg(heard)


def event_view(tables: Tables, rows: DataFrame) -> list[Mapping[str, float | int | str | None]]:
    """Per model version and horizon: failures, how many were announced, at least 12 h ahead, and how long ahead."""
    view = announced_failures(tables, rows).groupBy("model_version", "horizon_h")
    counts = view.agg(
        sf.count("*").alias("failures"),
        sf.count("hours_ahead").alias("announced"),
        sf.count_if(sf.col("hours_ahead") >= 12).alias("announced_12h"),
        sf.percentile_approx("hours_ahead", 0.5).alias("median_hours_ahead"),
        sf.min("hours_ahead").alias("shortest_hours_ahead"),
    )
    return [row.asDict() for row in counts.collect()]


def false_alerts(rows: DataFrame) -> list[Mapping[str, float | int | str]]:
    """Per model version and horizon: episodes of false alerts (those of one component within 24 h are one), and machine-days watched."""
    wrong = rows.where("alert AND NOT truth")
    episodes = wrong.groupBy("model_version", "horizon_h", "machine_id", "component", sf.session_window("as_of", _EPISODE_GAP)).count()
    counted = episodes.groupBy("model_version", "horizon_h").agg(sf.count("*").alias("episodes"))
    days = rows.select("model_version", "horizon_h", "machine_id", sf.to_date("as_of")).distinct()
    watched = days.groupBy("model_version", "horizon_h").agg(sf.count("*").alias("machine_days"))
    joined = watched.join(counted, ["model_version", "horizon_h"], "left").fillna(0, ["episodes"])
    return [row.asDict() for row in joined.collect()]
