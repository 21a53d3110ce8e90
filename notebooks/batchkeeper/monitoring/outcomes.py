"""Predictions beside what then happened: the truth of each, the rule's answer, and the events that were announced or
not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.labels.labels import target_name
from batchkeeper.scenario.declaration import TIME, Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.tables.features import FEATURES
from batchkeeper.tables.results import PREDICTIONS

REPLAY_DELAY = "INTERVAL 30 MINUTES"
BINS = 10
MOST_HAPPENED = 10_000
_EPISODE_GAP = "24 hours"
# A score written more than this after its as-of time belongs to replayed history.
_LIVE = "INTERVAL 24 HOURS"


@dataclass(frozen=True)
class Outcomes:
    """What became of the predictions of as-of points in [`start`, `end`) whose horizon has passed at `watermark`."""

    tables: Tables
    scenario: Scenario
    start: datetime
    end: datetime
    watermark: datetime

    @property
    def _target(self) -> str:
        return self.scenario.targets.called

    def _failures(self) -> DataFrame:
        """The events of the targets under the names of predictions, with `failed_at`."""
        rows = self.tables.read(self.scenario.targets.name)
        name = f"{target_name(self.scenario)} AS {self._target}"
        return rows.selectExpr(self.scenario.entity.name, name, f"{TIME} AS failed_at")

    def happened(self) -> list[Mapping[str, str]]:
        """The events of the targets from the window's start up to the watermark, for who asks what became of a single
        prediction; of very many the newest.
        """
        entity = self.scenario.entity.name
        span = f"failed_at > {literal(self.start)} AND failed_at <= {literal(self.watermark)}"
        at = "date_format(failed_at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\") AS at"
        rows = self._failures().where(f"{span} AND {self._target} IS NOT NULL")
        rows = rows.selectExpr(f"CAST({entity} AS STRING) AS entity", f"{self._target} AS target", at)
        return [row.asDict() for row in rows.orderBy(sf.desc("at"), "entity", "target").limit(MOST_HAPPENED).collect()]

    def labelled(self) -> DataFrame:
        """The predictions with `truth` (the target failed in (as_of, as_of + horizon]), `rule` (its alert) and
        `usable_at`, when the score could be acted on: when it was written, for replayed history as_of + 30 minutes.
        """
        entity, span = self.scenario.entity.name, f"as_of >= {literal(self.start)} AND as_of < {literal(self.end)}"
        # Of a point that was scored again with other values only the last revision counts.
        rows = self.tables.read(PREDICTIONS).where(f"{span} AND NOT superseded")
        rows = rows.where(f"timestampadd(HOUR, horizon_h, as_of) <= {literal(self.watermark)}")
        failed = self._failures().groupBy(entity, self._target).agg(sf.collect_list("failed_at").alias("failed"))
        seen = self.tables.read(FEATURES).where(span).select(*self.scenario.key, *self._rule_features())
        joined = rows.join(sf.broadcast(failed), [entity, self._target], "left")
        late = f"available_at > as_of + {_LIVE}"
        return joined.join(seen, list(self.scenario.key), "left").selectExpr(
            *(*self.scenario.key, "horizon_h", self._target, "model_version", "probability"),
            "CAST(decision AS BOOLEAN) AS alert",
            "coalesce(exists(failed, f -> f > as_of AND f <= timestampadd(HOUR, horizon_h, as_of)), false) AS truth",
            f"{self._rule()} AS rule",
            f"CASE WHEN {late} THEN as_of + {REPLAY_DELAY} ELSE available_at END AS usable_at",
        )

    def _rule_features(self) -> list[str]:
        # SQL looks at no case.
        words = {word.casefold() for text in self.scenario.rule.of.values() for word in re.findall(r"\w+", text)}
        return [name for name in feature_set(self.scenario).names if name.casefold() in words]

    def _rule(self) -> str:
        """SQL: whether the rule alerts."""
        texts = {target: text.replace("{horizon}", "horizon_h") for target, text in self.scenario.rule.of.items()}
        cases = " ".join(f"WHEN '{target}' THEN CAST({text} AS DOUBLE)" for target, text in texts.items())
        return f"coalesce(CASE {self._target} {cases} END >= 0.5D, false)"

    def tally(self, rows: DataFrame) -> list[Mapping[str, float | int | str]]:
        """Sums over `labelled` rows per model version, horizon, target and tenth of probability; one Spark job."""
        sums = {
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
        groups = rows.selectExpr("*", tenth).groupBy("model_version", "horizon_h", self._target, "bin")
        totals = [sf.expr(f"{total} AS {name}") for name, total in sums.items()]
        return [row.asDict() for row in groups.agg(*totals).collect()]

    def announced_failures(self, rows: DataFrame) -> DataFrame:
        """One row per failure, model version and horizon that scores were there for: `hours_ahead` of the first usable
        alert, or null.
        """
        entity = self.scenario.entity.name
        before = "failed_at > as_of AND failed_at <= timestampadd(HOUR, horizon_h, as_of)"
        scored = rows.where("truth").join(self._failures(), [entity, self._target]).where(before)
        ahead = (sf.unix_timestamp("failed_at") - sf.unix_timestamp("usable_at")) / 3600
        heard = sf.max(sf.when(sf.col("alert") & (ahead > 0), ahead)).alias("hours_ahead")
        return scored.groupBy("model_version", "horizon_h", entity, self._target, "failed_at").agg(heard)

    def event_view(self, rows: DataFrame) -> list[Mapping[str, float | int | str | None]]:
        """Per model version and horizon: failures, how many were announced, how many of these early, and how long
        ahead.
        """
        view = self.announced_failures(rows).groupBy("model_version", "horizon_h")
        counts = view.agg(
            sf.count("*").alias("failures"),
            sf.count("hours_ahead").alias("announced"),
            sf.count_if(sf.col("hours_ahead") >= self.scenario.hours[0] / 2).alias("announced_early"),
            sf.percentile_approx("hours_ahead", 0.5).alias("median_hours_ahead"),
            sf.min("hours_ahead").alias("shortest_hours_ahead"),
        )
        return [row.asDict() for row in counts.collect()]

    def false_alerts(self, rows: DataFrame) -> list[Mapping[str, float | int | str]]:
        """Per model version and horizon: episodes of false alerts (those of one target within 24 h are one), and
        entity-days watched.
        """
        entity, by_head = self.scenario.entity.name, ["model_version", "horizon_h"]
        episode = sf.session_window("as_of", _EPISODE_GAP)
        episodes = rows.where("alert AND NOT truth").groupBy(*by_head, entity, self._target, episode).count()
        counted = episodes.groupBy(*by_head).agg(sf.count("*").alias("episodes"))
        days = rows.select(*by_head, entity, sf.to_date("as_of")).distinct()
        watched = days.groupBy(*by_head).agg(sf.count("*").alias("entity_days"))
        return [row.asDict() for row in watched.join(counted, by_head, "left").fillna(0, ["episodes"]).collect()]
