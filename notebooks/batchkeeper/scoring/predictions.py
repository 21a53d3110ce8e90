"""The table of predictions: revisions instead of overwriting, and nothing written when nothing changed."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import TimeRange, literal
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.results import PREDICTIONS, predictions_table

_VALUES = ("probability", "decision", "threshold", "reasons", "note")


@dataclass(frozen=True)
class StoredPredictions:
    """The predictions of one model version in a span of as-of times (both ends included)."""

    tables: Tables
    scenario: Scenario
    span: TimeRange
    model_version: str

    def none(self) -> bool:
        """Whether there is none yet."""
        return bool(self._rows().select("as_of").isEmpty())

    def _rows(self) -> DataFrame:
        return _inside(self.tables, self.span).where(f"model_version = '{self.model_version}'")

    def _score_key(self) -> list[str]:
        return [name for name in predictions_table(self.scenario).key if name != "revision"]

    def add(self, fresh: DataFrame, transaction: str) -> None:
        """Appends first revisions, once per transaction: of points that have none, lest another run came in between.

        That the rows depend on the table makes Delta refuse the append when another writer was quicker; then it is
        tried again.
        """
        key = list(self.scenario.key)
        first = fresh.selectExpr("*", "1 AS revision", "false AS superseded")
        new = first.join(self._rows().select(*key), key, "left_anti")
        self.tables.append(predictions_table(self.scenario), new, transaction)

    def revise(self, fresh: DataFrame) -> tuple[int, int]:
        """Adds what is new or differs from the latest revision, then marks older revisions; returns how many of each.

        `fresh` has all columns but `revision` and `superseded`. A run cut off between the two steps is completed by its
        repetition.
        """
        spec, key = predictions_table(self.scenario), self._score_key()
        old = ", ".join(("revision", "superseded", *_VALUES))
        latest = self._rows().groupBy(*key).agg(sf.expr(f"max_by(struct({old}), revision) AS old"))
        same = " AND ".join(f"{name} <=> old.{name}" for name in _VALUES)
        # The latest revision is superseded only where its point was withdrawn, and has come back.
        changed = fresh.join(latest, key, "left").where(f"old IS NULL OR old.superseded OR NOT ({same})")
        rows = changed.selectExpr("*", "coalesce(old.revision, 0) + 1 AS revision", "false AS superseded")
        written = self.tables.insert_only_merge(spec, rows.select(*spec.column_names), self.span)
        return written, self._mark_superseded()

    def _mark_superseded(self) -> int:
        stored, key = _inside(self.tables, self.span), self._score_key()
        newest = stored.where("revision > 1").groupBy(*key).agg(sf.max("revision").alias("newest"))
        older = stored.where("NOT superseded").join(newest, key).where("revision < newest")
        return _supersede(self.tables, self.scenario, older, self.span)

    def of_points(self, points: DataFrame) -> DataFrame:
        """The latest revisions of the points (entity, as_of)."""
        return self._rows().where("NOT superseded").join(points, list(self.scenario.key), "left_semi")


def withdraw_predictions(tables: Tables, scenario: Scenario, points: DataFrame, span: TimeRange) -> int:
    """Marks all predictions of the points (entity, as_of), which lie in the span and are gone; returns how many."""
    stored = _inside(tables, span).where("NOT superseded")
    return _supersede(tables, scenario, stored.join(points, list(scenario.key), "left_semi"), span)


def _inside(tables: Tables, span: TimeRange) -> DataFrame:
    return tables.read(PREDICTIONS).where(f"as_of BETWEEN {literal(span[0])} AND {literal(span[1])}")


def _supersede(tables: Tables, scenario: Scenario, rows: DataFrame, span: TimeRange) -> int:
    spec = predictions_table(scenario)
    return tables.update_changed(spec, rows.selectExpr(*spec.key, "true AS superseded"), span)
