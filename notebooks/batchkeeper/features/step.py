"""The features step: finds the as-of points that are new or that late rows can change, and computes exactly those."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute
from pyspark.sql import DataFrame

from batchkeeper.contract.parameters import JobParameters, iso
from batchkeeper.contract.results import StepResult, write_outcome
from batchkeeper.delta.frames import small_frame
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.features import backlog
from batchkeeper.features.backlog import Backlog
from batchkeeper.features.compute import Points
from batchkeeper.features.grid import AsOfGrid
from batchkeeper.features.rows import Wanted, computed_rows, extent_of, wanted_of
from batchkeeper.ingestion.journal.coverage import complete_until, read_coverage, why_incomplete
from batchkeeper.presence import store
from batchkeeper.presence.stretches import Presence
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.scoring.predictions import withdraw_predictions
from batchkeeper.tables.features import FEATURE_PROGRESS, FEATURES, features_table, presence_table
from batchkeeper.tables.results import PREDICTIONS

_MAX_LISTED = 20


def run_features(tables: Tables, scenario: Scenario, parameters: JobParameters) -> StepResult:
    """Brings the features table up to the watermark. Repeating it writes nothing.

    Late rows are read from `touched`; a point is recomputed when a feature's reach covers it, whichever run brought the
    rows.
    """
    run_id = parameters.run_id
    step = _FeatureStep(tables, scenario, run_id)
    coverage, met = concurrently(lambda: read_coverage(tables), step.look)
    until = complete_until(coverage, scenario.sources)
    if until is None:
        return StepResult("features", run_id, "not_ready", why_incomplete(scenario.sources, coverage))
    start = coverage[scenario.readings.name][0][0]
    presence = store.presence_of(tables, scenario, met.entities, met.snapshots, met.first_readings, start)
    recomputed, changed = step.recompute(met) if met.stale else (0, 0)
    withdrawn, added = step.bring_up(met, presence, start, until)
    recorded = met.recorded.followed_by(presence, run_id)
    # The version is read beside, since nothing else writes features meanwhile.
    _, (_, version) = concurrently(
        lambda: step.mark_consumed(met.late_runs),
        lambda: concurrently(
            lambda: store.record(tables, scenario, recorded, met.recorded), lambda: tables.version(FEATURES)
        ),
    )
    counts = {"asOfPoints": added, "asOfPointsRecomputed": recomputed, "asOfPointsChanged": changed}
    if withdrawn:
        counts["asOfPointsWithdrawn"] = withdrawn
    told = store.told(recorded.new_in(run_id), presence, scenario.entity.noun)
    outcome = write_outcome(parameters, "features", {"fleet": told}) if told else None
    result = StepResult(
        "features",
        run_id,
        counts=counts,
        tables={FEATURES: version},
        watermark=until,
        warnings=[*told, *_unclear(met, scenario.entity.noun)],
        outcome_path=outcome,
    )
    if added + recomputed + withdrawn == 0:
        reason = f"no as-of point up to {iso(until)} is new or touched"
        return replace(result, status="nothing_to_do", reason=reason, tables={})
    return result


def _unclear(met: Backlog, noun: str) -> list[str]:
    """What a person has to see to: readings of entities that no snapshot lists, and a snapshot that says nothing of who
    left.
    """
    known = set(met.entities)
    strangers = sorted(entity for entity in met.first_readings if entity not in known)
    said = []
    if strangers:
        some = ", ".join(map(str, strangers[:_MAX_LISTED]))
        said.append(f"{len(strangers)} {noun}s have readings and stand in no snapshot, so they have no points: {some}")
    if met.snapshots and not met.snapshots[-1].complete:
        path = met.snapshots[-1].path
        said.append(f"{path}: is empty or has rows without a {noun}, so nobody is taken to have left with it")
    return said


class _FeatureStep:
    """The deeds of one run."""

    def __init__(self, tables: Tables, scenario: Scenario, run_id: str) -> None:
        self._tables, self._scenario, self._run_id = tables, scenario, run_id
        self._entity = scenario.entity
        self._key = list(scenario.key)
        self._spec = features_table(scenario)

    def look(self) -> Backlog:
        """Makes the tables, and finds what waits."""
        specs = (self._spec, FEATURE_PROGRESS, presence_table(self._scenario))
        ensure = partial(self._tables.ensure, *specs)
        if not self._tables.exists(FEATURES):
            look = partial(backlog.look, self._tables, self._scenario, self._run_id, empty=True)
            return concurrently(look, ensure)[0]
        ensure()
        return backlog.look(self._tables, self._scenario, self._run_id)

    def recompute(self, met: Backlog) -> tuple[int, int]:
        """Computes the points again that late rows can change; returns how many, and how many changed."""
        wanted = wanted_of(met.fleet, backlog.affected(self._tables, self._scenario, self._run_id))
        if wanted is None:
            return 0, 0
        computed = computed_rows(self._tables, self._scenario, wanted, self._run_id, again=True)
        values = f"struct(feature_set_version, {', '.join(feature_set(self._scenario).names)})"
        span = (wanted.points.first, wanted.points.last)
        inside = f"as_of BETWEEN {literal(span[0])} AND {literal(span[1])}"
        known = self._tables.read(FEATURES).selectExpr(*self._key, f"{values} AS known").where(inside)
        changed = computed.join(known, self._key).where(f"NOT {values} <=> known").drop("known")
        return wanted.count, self._tables.update_changed(self._spec, changed, span)

    def bring_up(self, met: Backlog, presence: Presence, start: datetime, until: datetime) -> tuple[int, int]:
        """Makes the table hold the points of the entities after `start`, up to `until`; returns how many were withdrawn
        and added.
        """
        grid = AsOfGrid.of(self._scenario)
        withdrawn = 0
        nothing_missing = met.last is None
        if met.first is not None and met.last is not None:
            past = grid.times(start, met.last)
            # A key occurs once, so where the stretches are those that the table was made by, counting is enough.
            same = met.recorded.presence.spans(past) == presence.spans(past)
            nothing_missing = same and met.first > start and met.points == presence.count(past)
            withdrawn = 0 if nothing_missing else self._withdraw(presence, past)
        after = met.last or start if nothing_missing else start
        missing = self._missing(met, presence, grid.times(after, until), none_stored=nothing_missing)
        if missing is None:
            return withdrawn, 0
        # New points are appended.
        rows = computed_rows(self._tables, self._scenario, missing, self._run_id, again=False)
        self._tables.append(self._spec, rows, f"features-{self._run_id}-{iso(until)}-{missing.count}")
        return withdrawn, missing.count

    def _withdraw(self, presence: Presence, times: range) -> int:
        """Deletes the points, up to the last of the times, that no entity has; returns how many. Their predictions
        count no more.
        """
        stored = self._tables.read(FEATURES).select(*self._key)
        wrong = stored.join(presence.points(self._tables.spark, self._entity, times), self._key, "left_anti")
        extent = extent_of(wrong)
        if extent is None:
            return 0
        # Once the points are gone nobody finds their predictions.
        if self._tables.exists(PREDICTIONS):
            withdraw_predictions(self._tables, self._scenario, wrong, extent[1])
        return self._tables.delete(self._spec, wrong, extent[1])

    def _missing(self, met: Backlog, presence: Presence, times: range, *, none_stored: bool) -> Wanted | None:
        """The points that the table lacks of all at these as-of times."""
        if not times:
            return None
        if none_stored and (entities := presence.throughout(times)) is not None:
            column = met.fleet[self._entity.name]
            fleet = met.fleet.filter(pa.compute.is_in(column, pa.array(entities, column.type)))
            points = Points(datetime.fromtimestamp(times[0], UTC), datetime.fromtimestamp(times[-1], UTC))
            return Wanted(points, len(entities) * len(times), fleet) if entities else None
        missing: DataFrame = presence.points(self._tables.spark, self._entity, times)
        if not none_stored:
            missing = missing.join(self._tables.read(FEATURES).select(*self._key), self._key, "left_anti")
        return wanted_of(met.fleet, missing)

    def mark_consumed(self, runs: list[str]) -> None:
        """Notes the runs whose rows were looked for; rows of a run that came meanwhile are left to the next run."""
        if runs:
            columns = [("touched_run_id", "string"), ("consumed_by", "string")]
            rows = small_frame(self._tables.spark, columns, [(run, self._run_id) for run in runs])
            transaction = f"progress-{self._run_id}-{hashlib.sha256(' '.join(runs).encode()).hexdigest()[:16]}"
            stamped = rows.selectExpr("*", "current_timestamp() AS consumed_at")
            self._tables.append(FEATURE_PROGRESS, stamped, transaction)
