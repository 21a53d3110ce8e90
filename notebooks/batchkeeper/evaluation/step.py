"""The evaluation step: metrics on held-out time beside the baselines, the gate, the move of the alias `champion`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import mlflow
from pyspark.sql import Row
from pyspark.sql import functions as sf

from batchkeeper.contract.parameters import JobParameters, Widgets, text_parameter
from batchkeeper.contract.results import StepResult, write_outcome
from batchkeeper.delta.parallel import concurrently
from batchkeeper.delta.tables import Tables
from batchkeeper.errors import ParameterError, TableError
from batchkeeper.evaluation.baselines import RULE
from batchkeeper.evaluation.comparison import CHALLENGER, CHAMPION, champion_to_beat, compare, test_metrics
from batchkeeper.evaluation.gate import MODES, Gate, Limits, Verdict
from batchkeeper.model import registry
from batchkeeper.model.trained import trained_version
from batchkeeper.scenario.declaration import Scenario
from batchkeeper.tables.features import MODELS
from batchkeeper.tables.results import GATE_DECISIONS
from batchkeeper.training.costs import parse_costs


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


def _decide(verdict: Verdict, mode: str) -> str:
    if mode == "disabled":
        return "not_judged"
    if not verdict.passed:
        return "refused"
    return "promoted" if mode == "enabled" else "would_promote"


def _record(tables: Tables, row: tuple[object, ...]) -> None:
    columns = [column for column in GATE_DECISIONS.columns if not column.volatile]
    frame = tables.spark.createDataFrame([row], ", ".join(f"{column.name} {column.type}" for column in columns))
    tables.append(GATE_DECISIONS, frame.withColumn("decided_at", sf.current_timestamp()), f"gate-{row[0]}-{row[2]}")


def _decided(tables: Tables, run_id: str) -> Row | None:
    """The decision of an earlier execution of this run."""
    return tables.read(GATE_DECISIONS.name).where(sf.col("run_id") == run_id).first()


def _repeated(row: Row, run_id: str, name: str, version: str) -> StepResult:
    """The result of an earlier execution of this run; a decision is made once, and its promotion is completed if it was
    cut off.
    """
    # A later run may have promoted another version since; only an alias that still points at the old champion is moved.
    if row["decision"] == "promoted" and registry.find_alias(name, registry.CHAMPION) == row["champion_version"]:
        registry.set_alias(name, registry.CHAMPION, version)
    metrics = {"decision": row["decision"]}
    return StepResult(
        "evaluation", run_id, model=(name, version), warnings=list(row["reasons_against"]), metrics=metrics
    )


def run_evaluation(
    tables: Tables, scenario: Scenario, parameters: JobParameters, settings: EvaluationSettings
) -> StepResult:
    """Judges the version that this run's training registered and, in mode `enabled`, makes it champion when it passes.

    Raises:
        TableError: the training step of this run has not been there.
    """
    run_id, name = parameters.run_id, registry.model_name(tables, scenario)
    gate = Gate(scenario, parse_costs(settings.costs, scenario.horizons), settings.limits)
    tables.ensure(GATE_DECISIONS, MODELS)
    version, decided = concurrently(lambda: trained_version(tables, run_id), lambda: _decided(tables, run_id))
    if version is None:
        raise TableError(f"table models has no version of run {run_id}: run the training step first")
    if decided is not None:
        return _repeated(decided, run_id, name, version)
    challenger = registry.describe(name, version)
    champion, note = champion_to_beat(scenario, name, challenger)
    scores = compare(tables, scenario, run_id, challenger, champion)
    verdict = gate.judge(scores[CHALLENGER], scores[RULE], scores.get(CHAMPION))
    decision, metrics = _decide(verdict, settings.mode), test_metrics(scenario, scores)
    reasons_for, against = [*verdict.for_it, *([note] if note else [])], list(verdict.against)
    current = registry.find_alias(name, registry.CHAMPION)
    judged = (settings.mode, decision, reasons_for, against, json.dumps(metrics))
    _record(tables, (run_id, name, version, current, *judged))
    if decision == "promoted":
        registry.set_alias(name, registry.CHAMPION, version)
    with mlflow.start_run(run_id=challenger.mlflow_run_id):
        mlflow.log_metrics(metrics)
        said = "; ".join(verdict.against or verdict.for_it)[:5000]
        mlflow.set_tags({"batchkeeper.gate": decision, "batchkeeper.gate_reasons": said})
    payload = {"decision": decision, "for": reasons_for, "against": against, "metrics": metrics}
    outcome = write_outcome(parameters, "evaluation", payload)
    shown: dict[str, float | int | str] = {"decision": decision}
    for horizon in scenario.hours:
        shown[f"microF1At{horizon}h"] = round(metrics[f"test_challenger_micro_f1_{horizon}h"], 4)
        shown[f"ruleF1At{horizon}h"] = round(metrics[f"test_rule_micro_f1_{horizon}h"], 4)
    return StepResult(
        "evaluation", run_id, model=(name, version), warnings=against, outcome_path=outcome, metrics=shown
    )
