"""The training-set step: pins table versions and writes the rows that training, validation and test will see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError, TableError
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.results import StepResult
from batchkeeper.tables import DEFAULT_PROPERTIES, Column, Tables, TableSpec, literal
from predictive_maintenance.feature_set import FEATURE_NAMES, FEATURE_SET_VERSION, FEATURES, schema_hash
from predictive_maintenance.feature_store import FEATURES_TABLE
from predictive_maintenance.labels import FAILS_IN, LABELS_TABLE, last_labelled, update_labels
from predictive_maintenance.sampling import sampled
from predictive_maintenance.sources import watermark
from predictive_maintenance.splits import Splits, make_splits, needed_gap_hours

TRAINING_ROWS = TableSpec(
    "training_rows",
    (
        Column("run_id", "string", "training run that uses the row"),
        Column("split", "string", "train, validation or test"),
        Column("machine_id", "int"),
        Column("as_of", "timestamp", "UTC"),
        Column("weight", "double", "how many rows of its kind it stands for"),
        *(Column(feature.name, feature.type) for feature in FEATURES),
        *(Column(name, "float", "hours to the next failure") for name in FAILS_IN),
    ),
    ("run_id", "machine_id", "as_of"),
    comment="The rows of each training run: all with a failure ahead, a sample of the others; validation and test are whole",
    partitioned_by=("run_id", "split"),
    # Partitions are all that is looked for.
    properties={**DEFAULT_PROPERTIES, "delta.dataSkippingNumIndexedCols": "0"},
)

TRAINING_SETS = TableSpec(
    "training_sets",
    (
        Column("run_id", "string"),
        Column("feature_set_version", "string"),
        Column("feature_schema_hash", "string"),
        Column("versions", "string", "Delta version of each table that was read, as JSON"),
        Column("splits", "string", "spans of as-of times, as JSON"),
        Column("settings", "string", "sampling and seed, as JSON"),
        Column("watermark", "timestamp", "failures were complete up to here"),
    ),
    ("run_id",),
    comment="What each training run was made from",
)


@dataclass(frozen=True)
class TrainingSetSettings:
    """The step's own parameters."""

    validation_days: int = 30
    test_days: int = 30
    gap_hours: int = needed_gap_hours()
    negative_fraction: float = 0.05
    seed: int = 1

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> TrainingSetSettings:
        """Reads `validation_days`, `test_days`, `gap_hours`, `negative_fraction` and `seed`; each has a default."""
        whole = {}
        for name in ("validation_days", "test_days", "gap_hours", "seed"):
            text = text_parameter(widgets, name, default=str(getattr(cls, name)))
            if not text.isdigit():
                raise ParameterError(f"{name}: {text!r} is no whole number")
            whole[name] = int(text)
        fraction = float(text_parameter(widgets, "negative_fraction", default=str(cls.negative_fraction)))
        if not 0 < fraction <= 1:
            raise ParameterError(f"negative_fraction: {fraction} must be above 0 and at most 1")
        return cls(negative_fraction=fraction, **whole)


@dataclass(frozen=True)
class TrainingSet:
    """What a training run was made from, read back."""

    run_id: str
    feature_set_version: str
    feature_schema_hash: str
    versions: dict[str, int]
    splits: dict[str, list[str]]
    settings: dict[str, float]


def read_training_set(tables: Tables, run_id: str) -> TrainingSet:
    """The header of the training set of `run_id`.

    Raises:
        TableError: the training-set step of this run has not been there.
    """
    row = tables.read(TRAINING_SETS.name).where(sf.col("run_id") == run_id).first() if tables.exists(TRAINING_SETS.name) else None
    if row is None:
        raise TableError(f"table {TRAINING_SETS.name} has no row of run {run_id}: run the training-set step first")
    texts = {name: json.loads(row[name]) for name in ("versions", "splits", "settings")}
    return TrainingSet(run_id, row["feature_set_version"], row["feature_schema_hash"], **texts)


def training_rows(tables: Tables, run_id: str, split: str) -> DataFrame:
    """The rows of one split of one run."""
    return tables.read(TRAINING_ROWS.name).where((sf.col("run_id") == run_id) & (sf.col("split") == split))


def _span(earliest: int | None, parameters: JobParameters, until: datetime) -> tuple[datetime, datetime]:
    """The as-of span to learn from, (first, last]; as asked for, but never beyond complete labels."""
    if earliest is None:
        raise TableError("table features is empty: run the scoring pipeline's ingestion and features first")
    first = datetime.fromtimestamp(earliest, UTC) - timedelta(seconds=1)
    last = last_labelled(until)
    if parameters.window_start and parameters.window_end:
        first = max(first, parameters.window_start - timedelta(seconds=1))
        last = min(last, parameters.window_end - timedelta(seconds=1))
    return first, last


def _write_rows(tables: Tables, run_id: str, splits: Splits, settings: TrainingSetSettings, versions: dict[str, int]) -> None:
    span = f"as_of > {literal(splits.train[0])} AND as_of <= {literal(splits.test[1])}"
    features = tables.read(FEATURES_TABLE.name, versions[FEATURES_TABLE.name]).where(span)
    features = features.where(sf.col("feature_set_version") == FEATURE_SET_VERSION).select("machine_id", "as_of", *FEATURE_NAMES)
    labels = tables.read(LABELS_TABLE.name, versions[LABELS_TABLE.name]).where(span).drop("label_complete_at")
    rows = features.join(labels, ["machine_id", "as_of"]).withColumn("split", splits.column()).where("split IS NOT NULL")
    chosen = sampled(rows, settings.negative_fraction, settings.seed).withColumn("run_id", sf.lit(run_id))
    chosen.select(*TRAINING_ROWS.column_names).write.format("delta").mode("overwrite").option(
        "replaceWhere", f"run_id = '{run_id}'"
    ).saveAsTable(tables.name(TRAINING_ROWS.name))


def _sizes(tables: Tables, run_id: str) -> dict[str, int]:
    sizes = tables.read(TRAINING_ROWS.name).where(sf.col("run_id") == run_id).groupBy("split").agg(sf.count("*").alias("rows")).collect()
    return {f"{row['split']}Rows": int(row["rows"]) for row in sizes}


def _repeated(tables: Tables, run_id: str, until: datetime) -> StepResult:
    """The result of an earlier execution of this run: versions are pinned once. The header is written last, so its rows are whole."""
    versions = read_training_set(tables, run_id).versions
    return StepResult("training_set", run_id, counts=_sizes(tables, run_id), tables=versions, watermark=until)


def _earlier(tables: Tables, run_id: str) -> tuple[int | None, bool]:
    """The first as-of time of the features, in seconds since 1970, and whether this run has been here before."""
    row = tables.spark.sql(
        f"""SELECT * FROM (SELECT unix_timestamp(min(as_of)) FROM {tables.name(FEATURES_TABLE.name)}),
        (SELECT count(*) > 0 FROM {tables.name(TRAINING_SETS.name)} WHERE run_id = '{run_id}')"""
    ).first()
    assert row is not None, "an aggregate without groups has one row"
    return row[0], row[1]


def run_training_set(tables: Tables, parameters: JobParameters, settings: TrainingSetSettings) -> StepResult:
    """Brings the labels up to date, pins the versions of features and labels, and writes the rows of this run.

    Raises:
        ParameterError: the span is too short for the splits.
    """
    run_id = parameters.run_id
    until, _ = both(lambda: watermark(tables), lambda: tables.ensure(LABELS_TABLE, TRAINING_ROWS, TRAINING_SETS))
    if until is None:
        return StepResult("training_set", run_id, "not_ready", "no time up to which all required sources are covered")
    (added, changed), (earliest, repeated) = both(lambda: update_labels(tables, until), lambda: _earlier(tables, run_id))
    if repeated:
        return _repeated(tables, run_id, until)
    first, last = _span(earliest, parameters, until)
    days = {"validation_days": settings.validation_days, "test_days": settings.test_days}
    splits = make_splits(first, last, **days, gap_hours=settings.gap_hours)
    versions = tables.versions((FEATURES_TABLE.name, LABELS_TABLE.name))
    _write_rows(tables, run_id, splits, settings, versions)
    pinned, spans = json.dumps(versions), json.dumps(splits.as_text())
    header = (run_id, FEATURE_SET_VERSION, schema_hash(), pinned, spans, json.dumps(vars(settings)), until)
    row = tables.spark.createDataFrame([header], TRAINING_SETS.schema)
    sizes, _ = both(lambda: _sizes(tables, run_id), lambda: tables.append(TRAINING_SETS, row, f"training-set-{run_id}-{pinned}"))
    return StepResult(
        "training_set", run_id, counts={**sizes, "labelsAdded": added, "labelsChanged": changed}, tables=versions, watermark=until
    )
