"""The evaluation step: metrics on held-out time beside the baselines, the gate, and the move of the alias `champion`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import mlflow
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as sf

from batchkeeper.errors import ParameterError, TableError
from batchkeeper.parallel import both
from batchkeeper.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.results import StepResult, write_outcome
from batchkeeper.tables import Column, Tables, TableSpec
from predictive_maintenance import registry
from predictive_maintenance.baselines import eligibility_probabilities, rule_probabilities
from predictive_maintenance.gate import MODES, Limits, Verdict, judge
from predictive_maintenance.labels import HORIZONS
from predictive_maintenance.metrics import Predictor, Scores, tally_predictors
from predictive_maintenance.splits import TEST
from predictive_maintenance.thresholds import Cost, parse_costs
from predictive_maintenance.training import MODELS_TABLE, head_metrics, probability_columns, trained_version
from predictive_maintenance.training_set import training_rows

GATE_DECISIONS = TableSpec(
    "gate_decisions",
    (
        Column("run_id", "string", "training run"),
        Column("model_name", "string"),
        Column("model_version", "string", "the challenger"),
        Column("champion_version", "string", "who it was compared with; null: there was none"),
        Column("mode", "string", "disabled, dry_run or enabled"),
        Column("decision", "string", "promoted, would_promote, refused or not_judged"),
        Column("reasons_for", "array<string>"),
        Column("reasons_against", "array<string>"),
        Column("metrics", "string", "test metrics of challenger, champion and baselines, as JSON"),
        Column("decided_at", "timestamp", volatile=True),
    ),
    ("run_id",),
    comment="Every decision on a challenger",
)


@dataclass(frozen=True)
class EvaluationSettings:
    """The step's own parameters."""

    mode: str = "enabled"
    costs: str = ""
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> EvaluationSettings:
        """Reads `gate_mode`, `costs`, `max_calibration_error` and `max_slice_f1_drop`; each has a default."""
        mode = text_parameter(widgets, "gate_mode", default=cls.mode)
        if mode not in MODES:
            raise ParameterError(f"gate_mode: {mode!r} must be one of {', '.join(MODES)}")
        error = _number(widgets, "max_calibration_error", Limits.calibration_error)
        drop = _number(widgets, "max_slice_f1_drop", Limits.slice_f1_drop)
        return cls(mode, text_parameter(widgets, "costs", default=""), Limits(error, drop))


def _number(widgets: Widgets, name: str, default: float) -> float:
    text = text_parameter(widgets, name, default=str(default))
    try:
        return float(text)
    except ValueError as error:
        raise ParameterError(f"{name}: {text!r} is no number") from error


def _scores(version: registry.RegisteredVersion, name: str, rows: DataFrame, others: Mapping[str, Predictor]) -> dict[str, Scores]:
    """Tallies, in one job, of a registered version at its own thresholds and of others that read plain columns."""
    thresholds = {int(horizon): threshold for horizon, threshold in version.card.thresholds.items()}
    return tally_predictors(registry.load(version).transform(rows), {name: (probability_columns(), thresholds), **others})


def _champion(name: str, challenger: registry.RegisteredVersion) -> tuple[registry.RegisteredVersion | None, str | None]:
    """The champion to compare with, or why there is none to compare with."""
    version = registry.find_alias(name, registry.CHAMPION)
    if version is None:
        return None, "no champion yet"
    if version == challenger.version:
        return None, f"version {version} is the champion already"
    champion = registry.describe(name, version)
    if champion.card.feature_schema_hash != challenger.card.feature_schema_hash:
        return None, f"champion {version} was made for other features ({champion.card.feature_schema_hash}) and cannot be compared"
    return champion, None


def _metrics(scores: dict[str, Scores]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, tallied in scores.items():
        found |= head_metrics(tallied, f"test_{name}")
    for horizon in HORIZONS:
        rows, positives = scores["challenger"].micro(horizon).rows, scores["challenger"].micro(horizon).positives
        found[f"test_all_negative_accuracy_{horizon}h"] = 1 - positives / rows if rows else 0.0
    return found


def _decide(verdict: Verdict, mode: str) -> str:
    if mode == "disabled":
        return "not_judged"
    if not verdict.passed:
        return "refused"
    return "promoted" if mode == "enabled" else "would_promote"


def _score_all(
    tables: Tables, parameters: JobParameters, challenger: registry.RegisteredVersion, champion: registry.RegisteredVersion | None
) -> dict[str, Scores]:
    rows = training_rows(tables, parameters.run_id, TEST)
    always = dict.fromkeys(HORIZONS, 0.5)
    baselines = {"rule": (rule_probabilities(), always), "eligibility": (eligibility_probabilities(), always)}
    scores = _scores(challenger, "challenger", rows, baselines)
    return scores if champion is None else scores | _scores(champion, "champion", rows, {})


def _record(tables: Tables, row: tuple[object, ...]) -> None:
    columns = [column for column in GATE_DECISIONS.columns if not column.volatile]
    frame = tables.spark.createDataFrame([row], ", ".join(f"{column.name} {column.type}" for column in columns))
    tables.append(GATE_DECISIONS, frame.withColumn("decided_at", sf.current_timestamp()), f"gate-{row[0]}-{row[2]}")


def _decided(tables: Tables, run_id: str) -> Row | None:
    """The decision of an earlier execution of this run."""
    return tables.read(GATE_DECISIONS.name).where(sf.col("run_id") == run_id).first()


def _repeated(row: Row, run_id: str, name: str, version: str) -> StepResult:
    """The result of an earlier execution of this run; a decision is made once, and its promotion is completed if it was cut off."""
    # A later run may have promoted another version since; only an alias that still points at the old champion is moved.
    if row["decision"] == "promoted" and registry.find_alias(name, registry.CHAMPION) == row["champion_version"]:
        registry.set_alias(name, registry.CHAMPION, version)
    metrics = {"decision": row["decision"]}
    return StepResult("evaluation", run_id, model=(name, version), warnings=list(row["reasons_against"]), metrics=metrics)


def run_evaluation(tables: Tables, parameters: JobParameters, settings: EvaluationSettings) -> StepResult:
    """Judges the version that this run's training registered and, in mode `enabled`, makes it champion when it passes.

    Raises:
        TableError: the training step of this run has not been there.
    """
    tables.ensure(GATE_DECISIONS, MODELS_TABLE)
    costs: dict[int, Cost] = parse_costs(settings.costs)
    name = registry.model_name(tables.catalog, tables.schema)
    version, decided = both(lambda: trained_version(tables, parameters.run_id), lambda: _decided(tables, parameters.run_id))
    if version is None:
        raise TableError(f"table models has no version of run {parameters.run_id}: run the training step first")
    if decided is not None:
        return _repeated(decided, parameters.run_id, name, version)
    challenger = registry.describe(name, version)
    champion, note = _champion(name, challenger)
    scores = _score_all(tables, parameters, challenger, champion)
    verdict = judge(scores["challenger"], scores["rule"], scores.get("champion"), costs, settings.limits)
    decision = _decide(verdict, settings.mode)
    metrics = _metrics(scores)
    reasons_for = [*verdict.for_it, *([note] if note else [])]
    current = registry.find_alias(name, registry.CHAMPION)
    row = (parameters.run_id, name, version, current, settings.mode, decision, reasons_for, list(verdict.against), json.dumps(metrics))
    _record(tables, row)
    if decision == "promoted":
        registry.set_alias(name, registry.CHAMPION, version)
    with mlflow.start_run(run_id=challenger.mlflow_run_id):
        mlflow.log_metrics(metrics)
        mlflow.set_tags({"batchkeeper.gate": decision, "batchkeeper.gate_reasons": "; ".join(verdict.against or verdict.for_it)[:5000]})
    payload = {"decision": decision, "for": reasons_for, "against": list(verdict.against), "metrics": metrics}
    outcome = write_outcome(parameters, "evaluation", payload)
    shown: dict[str, float | int | str] = {"decision": decision}
    for horizon in HORIZONS:
        shown[f"microF1At{horizon}h"] = round(metrics[f"test_challenger_micro_f1_{horizon}h"], 4)
        shown[f"ruleF1At{horizon}h"] = round(metrics[f"test_rule_micro_f1_{horizon}h"], 4)
    warnings = list(verdict.against)
    return StepResult("evaluation", parameters.run_id, model=(name, version), warnings=warnings, outcome_path=outcome, metrics=shown)
