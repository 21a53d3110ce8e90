"""The bundle names only fields, enumerations and privileges that Databricks' own client knows; YAML takes any."""

import dataclasses
import enum
import pathlib
import types
import typing
from collections.abc import Iterator

import pytest
import yaml
from databricks.sdk.service import catalog, jobs

ROOT = pathlib.Path(__file__).parents[2]
#: Of the bundle itself, beside the settings of the Jobs API.
BUNDLE_ONLY = {"permissions"}


def job_files() -> list[pathlib.Path]:
    return sorted((ROOT / "resources").glob("*.job.yml"))


def variables() -> dict[str, object]:
    declared = yaml.safe_load((ROOT / "databricks.yml").read_text())["variables"]
    return {name: variable.get("default") for name, variable in declared.items()}


def resolved(value: object) -> object:
    """A complex variable is put in whole; texts with a reference in them stay texts."""
    if isinstance(value, str) and value.startswith("${var.") and value.endswith("}"):
        found = variables()[value[6:-1]]
        return value if found is None else resolved(found)
    if isinstance(value, dict):
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return value


def inner_types(hint: object) -> Iterator[object]:
    """What an optional, a list or a union is of."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType, list):
        for part in typing.get_args(hint):
            yield from inner_types(part)
    else:
        yield hint


def faults_of(value: object, hint: object, where: str) -> Iterator[str]:
    kinds = list(inner_types(hint))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults_of(item, hint, f"{where}[{index}]")
        return
    for kind in kinds:
        if isinstance(value, dict) and dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind)
            for key, item in value.items():
                if key not in hints:
                    yield f"{where}.{key}: {kind.__name__} has no such field"
                else:
                    yield from faults_of(item, hints[key], f"{where}.{key}")
        elif isinstance(kind, type) and issubclass(kind, enum.Enum) and not is_known(value, kind):
            yield f"{where}: {value} is no {kind.__name__}"


def is_known(value: object, kind: type[enum.Enum]) -> bool:
    """References are filled in by the deployment."""
    return str(value).startswith("${") or value in [member.value for member in kind]


def faults_of_job(job: dict[str, object]) -> list[str]:
    settings = {key: item for key, item in job.items() if key not in BUNDLE_ONLY}
    return list(faults_of(resolved(settings), jobs.JobSettings, "job"))


@pytest.mark.parametrize("file", job_files(), ids=lambda file: file.stem)
def test_a_job_has_only_fields_of_the_jobs_api(file: pathlib.Path) -> None:
    (job,) = yaml.safe_load(file.read_text())["resources"]["jobs"].values()

    assert faults_of_job(job) == []


def test_the_check_sees_a_wrong_field_and_a_wrong_word() -> None:
    task = {"task_key": "a", "max_retry": 1, "notebook_task": {"notebook_path": "x", "source": "DISK"}}

    assert faults_of_job({"name": "x", "tasks": [task], "webhook_notifications": {"on_end": []}}) == [
        "job.tasks[0].max_retry: Task has no such field",
        "job.tasks[0].notebook_task.source: DISK is no Source",
        "job.webhook_notifications.on_end: WebhookNotifications has no such field",
    ]


#: What the client makes each kind of Unity Catalog object from.
CATALOG_KINDS = {
    "schemas": catalog.SchemaInfo,
    "volumes": catalog.VolumeInfo,
    "registered_models": catalog.RegisteredModelInfo,
}


def test_objects_of_the_catalog_have_only_fields_of_its_api() -> None:
    resources = yaml.safe_load((ROOT / "resources" / "catalog.yml").read_text())["resources"]

    assert set(resources) == set(CATALOG_KINDS)
    for kind, objects in resources.items():
        for name, fields in objects.items():
            own = {key: value for key, value in fields.items() if key != "grants"}
            assert list(faults_of(own, CATALOG_KINDS[kind], f"{kind}.{name}")) == []


def test_grants_are_privileges_of_unity_catalog() -> None:
    resources = yaml.safe_load((ROOT / "resources" / "catalog.yml").read_text())["resources"]
    granted = {
        privilege
        for kind in resources.values()
        for item in kind.values()
        for grant in item["grants"]
        for privilege in grant["privileges"]
    }

    assert granted - {privilege.value for privilege in catalog.Privilege} == set()
    assert {"SELECT", "READ_VOLUME"} <= granted
