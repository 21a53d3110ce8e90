"""The shipped definitions leave every default to the code: what runs is what was measured."""

from __future__ import annotations

import json

import pytest

from cluster.widgets import Widgets
from predictive_maintenance.evaluation import EvaluationSettings
from predictive_maintenance.training import TrainingSettings
from predictive_maintenance.training_set import TrainingSetSettings
from workbench.definitions import shipped_parameters
from workbench.paths import REPO_ROOT


@pytest.mark.parametrize(
    ("step", "settings"),
    [("training_set", TrainingSetSettings), ("training", TrainingSettings), ("evaluation", EvaluationSettings)],
)
def test_shipped_parameters_mean_the_defaults_of_the_code(step, settings):
    assert settings.from_widgets(Widgets(shipped_parameters(step))) == settings()


def test_a_parameter_that_is_given_is_no_default():
    given = shipped_parameters("training") | {"trees": "60"}

    assert TrainingSettings.from_widgets(Widgets(given)) != TrainingSettings()


def test_every_shipped_parameter_is_declared_by_its_job():
    for path in (REPO_ROOT / "pipelines").glob("*.json"):
        for step in json.loads(path.read_text())["steps"]:
            job = (REPO_ROOT / "resources" / f"{step['name']}.job.yml").read_text()
            for name in step["parameters"]:
                assert f"name: {name}," in job
