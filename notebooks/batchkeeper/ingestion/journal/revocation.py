"""A person's word on what a drop covers: a claim that was believed and is wrong is revoked, and given back when that
was the mistake.

The decision is a row of the ingest log, so that the story of a path is read in one place. It holds for all files of the
path that were read before; a file that is read later covers its span anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import Widgets, iso, text_parameter
from batchkeeper.contract.results import StepResult
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import ParameterError
from batchkeeper.ingestion.journal.coverage import complete_until, missing_spans, read_coverage
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.ingestion import INGEST_LOG

STEP = "revoke_coverage"

Action = Literal["revoked", "restored"]


@dataclass(frozen=True)
class Decision:
    """What a person decided.

    Attributes:
        run_id: the job run that carries it out; a repetition of it writes nothing.
        path: drop path, as in the ingest log.
        reason: why, in the person's words.
        decided_by: who.
    """

    run_id: str
    path: str
    action: Action
    reason: str
    decided_by: str

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> Decision:
        """Reads the parameters of the job.

        Raises:
            ParameterError: one is missing, or `action` is none of `revoked` and `restored`.
        """
        given = text_parameter(widgets, "action", default="revoked")
        action = next((known for known in get_args(Action) if known == given), None)
        if action is None:
            raise ParameterError(f"action: {given!r} must be one of {', '.join(get_args(Action))}")
        path, reason, decided_by = (text_parameter(widgets, name) for name in ("source_path", "reason", "decided_by"))
        return cls(f"revoke-{text_parameter(widgets, 'run_id')}", path, action, reason, decided_by)


def decide(tables: Tables, scenario: Scenario, decision: Decision) -> StepResult:
    """Notes the decision; returns what is complete since.

    Raises:
        ParameterError: no file of this path was ever believed to cover any time.
    """
    tables.spark.conf.set("spark.sql.session.timeZone", "UTC")
    claims = tables.read(INGEST_LOG.name).where(
        (sf.col("status") == "read") & (sf.col("source_path") == decision.path) & sf.col("covers_to").isNotNull()
    )
    newest = claims.orderBy(sf.desc("source_modified"), sf.desc("source_etag")).limit(1)
    found = newest.select(
        "source", "source_etag", sf.unix_timestamp("covers_from"), sf.unix_timestamp("covers_to")
    ).first()
    if found is None:
        raise ParameterError(f"source_path: no file {decision.path!r} in table {INGEST_LOG.name} covers any time")
    source, etag, start, end = found
    values = {
        "run_id": decision.run_id,
        "source": source,
        "source_path": decision.path,
        "source_etag": etag,
        "status": decision.action,
        "reason": f"{decision.decided_by}: {decision.reason}",
        "covers_from": float(start),
        "covers_to": float(end),
    }
    columns = [(column.name, column.type) for column in INGEST_LOG.columns if not column.volatile]
    frame = small_frame(tables.spark, columns, [tuple(values.get(name) for name, _ in columns)])
    tables.append(INGEST_LOG, frame.withColumn("ingested_at", sf.current_timestamp()), decision.run_id)
    coverage = read_coverage(tables)
    span = f"{iso(datetime.fromtimestamp(start, UTC))} to {iso(datetime.fromtimestamp(end, UTC))}"
    return StepResult(
        step=STEP,
        run_id=decision.run_id,
        counts={"coveragesChanged": 1},
        tables=tables.versions([INGEST_LOG.name]),
        watermark=complete_until(coverage, scenario.sources),
        warnings=[f"{decision.path}: coverage of {span} {decision.action}", *missing_spans(scenario.sources, coverage)],
    )
