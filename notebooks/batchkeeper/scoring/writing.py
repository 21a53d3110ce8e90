"""Writes what a scoring found: the table of predictions, the file for other systems, and the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.delta.parallel import concurrently, side_by_side
from batchkeeper.delta.staging import scratch_folder, staged
from batchkeeper.delta.tables import Tables
from batchkeeper.scoring.export import Export, as_one
from batchkeeper.scoring.prediction_rows import Scorer
from batchkeeper.scoring.predictions import StoredPredictions
from batchkeeper.scoring.progress import Due


@dataclass(frozen=True)
class Task:
    """What there is to score.

    Attributes:
        versions: Delta versions of the inputs.
        first: whether the span of the points holds no prediction of the model version yet.
    """

    due: Due
    versions: Mapping[str, int]
    first: bool


def write(
    tables: Tables, parameters: JobParameters, scorer: Scorer, scored: DataFrame, task: Task
) -> tuple[int, int, int]:
    """Returns how many predictions were written, superseded and alert."""
    scenario, version, due = scorer.scenario, scorer.version, task.due
    entity, as_of = scenario.key
    stored = StoredPredictions(tables, scenario, due.span, version.version)
    export = Export(tables, scenario, parameters)

    def stamped(rows: DataFrame) -> DataFrame:
        return scorer.stamped(rows, parameters.run_id, task.versions)

    if not task.first:
        written, superseded = stored.revise(stamped(scorer.unfolded(scored)))
        rows = stored.of_points(due.rows.select(entity, as_of))
        exported = export.write(as_one(rows, as_of, entity, scenario.targets.called, "horizon_h"))
        return written, superseded, export.write_summary(version, exported, due.span, due.points)
    transaction = f"predictions-{parameters.run_id}-{version.version}-{iso(due.span[0])}-{iso(due.span[1])}"
    with scratch_folder(parameters) as scratch:
        # The model answers once; what is made of its answers goes on side by side.
        answers = staged(scored, scratch)

        def append() -> None:
            stored.add(stamped(scorer.unfolded(answers)), transaction)

        def write_export() -> None:
            # A point's answers are in order already.
            first = scorer.unfolded(as_one(answers, as_of, entity)).selectExpr("*", "1 AS revision")
            export.write(stamped(first))

        def write_summary() -> int:
            return export.write_summary(version, scorer.unfolded(answers), due.span, due.points)

        alerts, _ = concurrently(write_summary, lambda: side_by_side([append, write_export]))
    return due.points * len(scenario.heads), 0, alerts
