"""The training-set step: pins table versions and writes the rows that training, validation and test will see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.contract.results import StepResult
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.delta.times import literal
from batchkeeper.errors import ParameterError, TableError
from batchkeeper.ingestion.journal.coverage import read_coverage, watermark, why_incomplete
from batchkeeper.labels.labels import last_labelled, update_labels
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set
from batchkeeper.tables.features import (
    FEATURES,
    LABELS,
    TRAINING_ROWS,
    TRAINING_SETS,
    labels_table,
    training_rows_table,
)
from batchkeeper.training_set.header import read_training_set
from batchkeeper.training_set.sampling import sampled
from batchkeeper.training_set.splits import Splits, make_splits, needed_gap_hours


@dataclass(frozen=True)
class TrainingSetSettings:
    """The step's own parameters."""

    gap_hours: int
    validation_days: int = 30
    test_days: int = 30
    negative_fraction: float = 0.05
    seed: int = 1

    @classmethod
    def from_widgets(cls, widgets: Widgets, scenario: Scenario) -> TrainingSetSettings:
        """Reads `validation_days`, `test_days`, `gap_hours`, `negative_fraction` and `seed`; each has a default."""
        defaults = {"gap_hours": needed_gap_hours(scenario)}
        numbers = {}
        for name in ("validation_days", "test_days", "gap_hours", "seed"):
            text = text_parameter(widgets, name, default=str(defaults.get(name) or getattr(cls, name)))
            if not text.isdigit():
                raise ParameterError(f"{name}: {text!r} is no whole number")
            numbers[name] = int(text)
        fraction = float(text_parameter(widgets, "negative_fraction", default=str(cls.negative_fraction)))
        if not 0 < fraction <= 1:
            raise ParameterError(f"negative_fraction: {fraction} must be above 0 and at most 1")
        return cls(negative_fraction=fraction, **numbers)


def _span(
    scenario: Scenario, earliest: int | None, parameters: JobParameters, until: datetime
) -> tuple[datetime, datetime]:
    """The as-of span to learn from, (first, last]; as asked for, but never beyond complete labels."""
    if earliest is None:
        raise TableError("table features is empty: run the scoring pipeline's ingestion and features first")
    first = datetime.fromtimestamp(earliest, UTC) - timedelta(seconds=1)
    last = last_labelled(scenario, until)
    if parameters.window_start and parameters.window_end:
        first = max(first, parameters.window_start - timedelta(seconds=1))
        last = min(last, parameters.window_end - timedelta(seconds=1))
    return first, last


def _span_of(splits: Splits) -> str:
    return f"as_of > {literal(splits.train[0])} AND as_of <= {literal(splits.test[1])}"


def _outdated(tables: Tables, scenario: Scenario, splits: Splits, version: int) -> bool:
    """Whether rows that would be learnt from are of another feature set: after a change of the declaration they are
    until the features step has computed them anew.
    """
    other = f"feature_set_version <> '{feature_set(scenario).version}'"
    return not tables.read(FEATURES, version).where(f"{_span_of(splits)} AND {other}").isEmpty()


def _write_rows(
    tables: Tables,
    scenario: Scenario,
    run_id: str,
    splits: Splits,
    settings: TrainingSetSettings,
    versions: dict[str, int],
) -> None:
    span = _span_of(splits)
    features = tables.read(FEATURES, versions[FEATURES]).where(span)
    features = features.where(sf.col("feature_set_version") == feature_set(scenario).version).select(
        *scenario.key, *feature_set(scenario).names
    )
    labels = tables.read(LABELS, versions[LABELS]).where(span).drop("label_complete_at")
    rows = features.join(labels, list(scenario.key)).withColumn("split", splits.column()).where("split IS NOT NULL")
    chosen = sampled(scenario, rows, settings.negative_fraction, settings.seed).withColumn("run_id", sf.lit(run_id))
    chosen.select(*training_rows_table(scenario).column_names).write.format("delta").mode("overwrite").option(
        "replaceWhere", f"run_id = '{run_id}'"
    ).saveAsTable(tables.name(TRAINING_ROWS))


def _sizes(tables: Tables, run_id: str) -> dict[str, int]:
    sizes = (
        tables.read(TRAINING_ROWS)
        .where(sf.col("run_id") == run_id)
        .groupBy("split")
        .agg(sf.count("*").alias("rows"))
        .collect()
    )
    return {f"{row['split']}Rows": int(row["rows"]) for row in sizes}


def _repeated(tables: Tables, run_id: str, until: datetime) -> StepResult:
    """The result of an earlier execution of this run: versions are pinned once. The header is written last, so its rows
    are whole.
    """
    versions = read_training_set(tables, run_id).versions
    return StepResult("training_set", run_id, counts=_sizes(tables, run_id), tables=versions, watermark=until)


def _earlier(tables: Tables, run_id: str) -> tuple[int | None, bool]:
    """The first as-of time of the features, in seconds since 1970, and whether this run has been here before."""
    row = tables.spark.sql(
        f"""SELECT * FROM (SELECT unix_timestamp(min(as_of)) FROM {tables.name(FEATURES)}),
        (SELECT count(*) > 0 FROM {tables.name(TRAINING_SETS.name)} WHERE run_id = '{run_id}')"""
    ).first()
    assert row is not None, "an aggregate without groups has one row"
    return row[0], row[1]


def run_training_set(
    tables: Tables, scenario: Scenario, parameters: JobParameters, settings: TrainingSetSettings
) -> StepResult:
    """Brings the labels up to date, pins the versions of features and labels, and writes the rows of this run.

    Raises:
        ParameterError: the span is too short for the splits.
    """
    run_id = parameters.run_id
    specs = (labels_table(scenario), training_rows_table(scenario), TRAINING_SETS)
    until, _ = concurrently(lambda: watermark(tables, scenario.sources), lambda: tables.ensure(*specs))
    if until is None:
        return StepResult("training_set", run_id, "not_ready", why_incomplete(scenario.sources, read_coverage(tables)))
    (added, changed), (earliest, repeated) = concurrently(
        lambda: update_labels(tables, scenario, until), lambda: _earlier(tables, run_id)
    )
    if repeated:
        return _repeated(tables, run_id, until)
    first, last = _span(scenario, earliest, parameters, until)
    days = {"validation_days": settings.validation_days, "test_days": settings.test_days}
    splits = make_splits(first, last, **days, gap_hours=settings.gap_hours, least_gap_hours=needed_gap_hours(scenario))
    versions = tables.versions((FEATURES, LABELS))
    # Asked of the pinned version. Nothing is recorded, so the next execution pins anew.
    if _outdated(tables, scenario, splits, versions[FEATURES]):
        reason = "features of another feature set wait for the features step, which computes them anew"
        return StepResult("training_set", run_id, "not_ready", reason)
    _write_rows(tables, scenario, run_id, splits, settings, versions)
    pinned, spans = json.dumps(versions), json.dumps(splits.as_text())
    features = feature_set(scenario)
    header = (run_id, features.version, features.schema_hash, pinned, spans, json.dumps(vars(settings)), until)
    row = tables.spark.createDataFrame([header], TRAINING_SETS.schema)
    sizes, _ = concurrently(
        lambda: _sizes(tables, run_id), lambda: tables.append(TRAINING_SETS, row, f"training-set-{run_id}-{pinned}")
    )
    return StepResult(
        "training_set",
        run_id,
        counts={**sizes, "labelsAdded": added, "labelsChanged": changed},
        tables=versions,
        watermark=until,
    )
