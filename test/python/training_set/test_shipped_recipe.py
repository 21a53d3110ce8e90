"""The shipped definitions leave every default to the code: what runs is what was measured."""

from __future__ import annotations

import json

import pytest
from pdm import GAP, SCENARIO

from batchkeeper.evaluation.step import EvaluationSettings
from batchkeeper.training.step import TrainingSettings
from batchkeeper.training_set.step import TrainingSetSettings
from cluster.utilities.widgets import Widgets
from workbench.definitions import shipped_parameters
from workbench.paths import REPO_ROOT


@pytest.mark.parametrize(("step", "settings"), [("training", TrainingSettings), ("evaluation", EvaluationSettings)])
def test_shipped_parameters_mean_the_defaults_of_the_code(step, settings):
    assert settings.from_widgets(Widgets(shipped_parameters(step))) == settings()


def test_the_shipped_training_set_leaves_the_gap_that_the_scenario_needs():
    given = Widgets(shipped_parameters("training_set"))

    assert TrainingSetSettings.from_widgets(given, SCENARIO) == TrainingSetSettings(GAP)


def test_a_parameter_that_is_given_is_no_default():
    given = shipped_parameters("training") | {"trees": "60"}

    assert TrainingSettings.from_widgets(Widgets(given)) != TrainingSettings()


def test_every_shipped_parameter_is_declared_by_its_job():
    for path in (REPO_ROOT / "pipelines").glob("*.json"):
        for step in json.loads(path.read_text()).get("steps", ()):
            job = (REPO_ROOT / "resources" / f"{step['name']}.job.yml").read_text()
            for name in step["parameters"]:
                assert f"name: {name}," in job
