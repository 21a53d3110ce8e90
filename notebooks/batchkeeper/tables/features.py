"""The tables between ingestion and scoring: features, presence, labels, training."""

from __future__ import annotations

from batchkeeper.delta.specs import DEFAULT_PROPERTIES, UPDATED_PROPERTIES, Column, TableSpec
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.scenario.feature_set import feature_set

FEATURES, LABELS, PRESENCE, TRAINING_ROWS = "features", "labels", "presence", "training_rows"


def entity_column(scenario: Scenario) -> Column:
    """The column that names the entity."""
    return Column(scenario.entity.name, scenario.entity.type)


def features_table(scenario: Scenario) -> TableSpec:
    """One row per entity and as-of point."""
    return TableSpec(
        FEATURES,
        (
            entity_column(scenario),
            Column("as_of", "timestamp", "UTC; rows up to and with this time entered"),
            Column("feature_set_version", "string"),
            *(Column(feature.name, feature.type) for feature in feature_set(scenario).features),
            Column("run_id", "string", "run that last changed the row"),
            Column("computed_at", "timestamp", "time of writing", volatile=True),
        ),
        scenario.key,
        "as_of",
        f"Features per {scenario.entity.noun} and as-of point",
        # Files are found by entity and time alone; statistics of every feature would cost more than writing a day does.
        properties={**UPDATED_PROPERTIES, "delta.dataSkippingNumIndexedCols": "2"},
        # A repetition rewrites no file.
        outdated="feature_set_version = '' WHERE feature_set_version <> ''",
    )


FEATURE_PROGRESS = TableSpec(
    "feature_progress",
    (
        Column("touched_run_id", "string", "run whose rows in touched were taken into account"),
        Column("consumed_by", "string", "run that did so"),
        Column("consumed_at", "timestamp", "time of writing", volatile=True),
    ),
    ("touched_run_id",),
    comment="Which late data the features already hold",
)


def presence_table(scenario: Scenario) -> TableSpec:
    """One row per entity and stretch of its presence."""
    noun = scenario.entity.noun
    return TableSpec(
        PRESENCE,
        (
            entity_column(scenario),
            Column("since", "timestamp", "first snapshot or reading, or the beginning of the data, UTC"),
            Column("until", "timestamp", f"last snapshot or reading before the {noun} left; null while it is there"),
            Column("left_with", "string", f"drop path of the first snapshot after it, which does not list the {noun}"),
            Column("last_as_of", "timestamp", "last as-of point; null while it is there"),
            Column("run_id", "string", "run that found this"),
            Column("recorded_at", "timestamp", "time of writing", volatile=True),
        ),
        (scenario.entity.name, "since"),
        comment=f"When each {noun} was there: a row for each stretch from a first to a last snapshot or reading",
    )


def fails_in(target: str) -> str:
    """The column of the hours to the next failure of a target; null: none within the longest horizon."""
    return f"{target}_fails_in_hours"


def label_columns(scenario: Scenario) -> tuple[str, ...]:
    """The hours to the next failure, by target."""
    return tuple(map(fails_in, scenario.targets.names))


def labels_table(scenario: Scenario) -> TableSpec:
    """What happened after each as-of point: a table of its own, never a column of a scoring input."""
    longest = scenario.hours[-1]
    return TableSpec(
        LABELS,
        (
            entity_column(scenario),
            Column("as_of", "timestamp", "UTC"),
            *(
                Column(name, "float", f"hours to the next failure; null: none in {longest} h")
                for name in label_columns(scenario)
            ),
            Column(
                "label_complete_at",
                "timestamp",
                "as_of + the longest horizon: from then on the row is final but for late records",
            ),
        ),
        scenario.key,
        "as_of",
        "What happened after each as-of point",
    )


def training_rows_table(scenario: Scenario) -> TableSpec:
    """The rows of each training run."""
    return TableSpec(
        TRAINING_ROWS,
        (
            Column("run_id", "string", "training run that uses the row"),
            Column("split", "string", "train, validation or test"),
            entity_column(scenario),
            Column("as_of", "timestamp", "UTC"),
            Column("weight", "double", "how many rows of its kind it stands for"),
            *(Column(feature.name, feature.type) for feature in feature_set(scenario).features),
            *(Column(name, "float", "hours to the next failure") for name in label_columns(scenario)),
        ),
        ("run_id", *scenario.key),
        comment="The rows of each training run: all with a failure ahead, a sample of the others; validation and test "
        "are whole",
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

MODELS = TableSpec(
    "models",
    (
        Column("run_id", "string", "training run"),
        Column("model_name", "string"),
        Column("model_version", "string"),
        Column("mlflow_run_id", "string"),
        Column("feature_schema_hash", "string"),
        Column("trained_at", "timestamp", volatile=True),
    ),
    ("run_id",),
    comment="The model version that each training run registered",
)
