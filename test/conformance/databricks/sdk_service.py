"""Drives jobs, workspace and files of a local Databricks through the official Python SDK; started by
sdk-service.test.ts.

Notebooks are commands of test/fixtures/databricks/controller.mjs. Prints one JSON object of what the SDK saw.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import compute, iam, jobs, workspace
from sdk_client import output_of, refusal

LIMIT = timedelta(minutes=1)
HEADER = "# Databricks notebook source\n"


def notebook_task(client: WorkspaceClient, key: str, commands: str, **settings: Any) -> jobs.Task:
    """A task whose notebook was uploaded as the SDK uploads files."""
    path = f"/Shared/service/{key}"
    client.workspace.mkdirs("/Shared/service")
    client.workspace.upload(path, (HEADER + commands).encode(), language=workspace.Language.PYTHON, overwrite=True)
    return jobs.Task(task_key=key, notebook_task=jobs.NotebookTask(notebook_path=path), **settings)


def create(client: WorkspaceClient, *tasks: jobs.Task, **settings: Any) -> int:
    job_id = client.jobs.create(name="service", tasks=list(tasks), **settings).job_id
    assert job_id is not None
    return job_id


def uploads(client: WorkspaceClient) -> dict[str, Any]:
    """Sources, files and bytes, by form; then what the SDK reads back."""
    client.workspace.mkdirs("/Shared/uploads")
    client.workspace.upload("/Shared/uploads/source.py", b"print(1)\n")
    client.workspace.upload("/Shared/uploads/auto.py", HEADER.encode(), format=workspace.ImportFormat.AUTO)
    client.workspace.upload(
        "/Shared/uploads/data.bin", io.BytesIO(bytes(range(256))), format=workspace.ImportFormat.AUTO
    )
    client.workspace.upload("/Shared/uploads/empty.txt", b"", format=workspace.ImportFormat.AUTO)
    again = refusal(lambda: client.workspace.upload("/Shared/uploads/source.py", b""))
    client.workspace.upload("/Shared/uploads/source.py", b"print(2)\n", overwrite=True)
    listed = {item.path: item.object_type for item in client.workspace.list("/Shared/uploads")}
    return {
        "source": client.workspace.download("/Shared/uploads/source").read().decode(),
        "bytes": client.workspace.download("/Shared/uploads/data.bin").read() == bytes(range(256)),
        "listed": listed,
        "again": again["code"],
    }


def bundle_deployment(client: WorkspaceClient) -> dict[str, Any]:
    """What the Databricks CLI asks for, in its order: raw bodies without a content type, slashes escaped."""
    api, root = client.api_client, "/Workspace/Users/me@example.com/.bundle/x/dev"

    def put(path: str, content: bytes, overwrite: bool) -> None:
        escaped = f"{root}/{path}".lstrip("/").replace("/", "%2F")
        api.do("POST", f"/api/2.0/workspace-files/import-file/{escaped}", query={"overwrite": overwrite}, data=content)

    lock = b'{"ID":"1","AcquisitionTime":"2026-01-01T00:00:00Z","IsForced":false,"User":"me@example.com"}'
    first = refusal(lambda: put("state/deploy.lock", lock, overwrite=False))
    for folder in ("state", "files/src"):
        api.do("POST", "/api/2.0/workspace/mkdirs", body={"path": f"{root}/{folder}"})
    put("state/deploy.lock", lock, overwrite=False)
    held = refusal(lambda: put("state/deploy.lock", lock, overwrite=False))
    put("files/src/main.py", f"{HEADER}exit deployed".encode(), overwrite=True)
    put("files/src/__init__.py", b"", overwrite=True)
    put("files/src/settings.yml", b"a: [1, 2]\n", overwrite=True)
    put("state/deployment.json", b"[]", overwrite=True)
    status = client.workspace.get_status(f"{root}/files/src/main")
    deployment = jobs.JobDeployment(
        kind=jobs.JobDeploymentKind.BUNDLE, metadata_file_path=f"{root}/state/metadata.json"
    )
    task = jobs.Task(task_key="main", notebook_task=jobs.NotebookTask(notebook_path=f"{root}/files/src/main"))
    job_id = create(
        client, task, deployment=deployment, edit_mode=jobs.JobEditMode.UI_LOCKED, format=jobs.Format.MULTI_TASK
    )
    owner = iam.AccessControlRequest(user_name="me@example.com", permission_level=iam.PermissionLevel.IS_OWNER)
    client.permissions.set("jobs", str(job_id), access_control_list=[owner])
    client.workspace.delete(f"{root}/state/deploy.lock")
    run = client.jobs.run_now(job_id).result(timeout=LIMIT)
    output = output_of(client, run).notebook_output
    return {
        "first": first["type"],
        "held": held["type"],
        "type": status.object_type,
        "state": client.workspace.download(f"{root}/state/deployment.json").read().decode(),
        "result": output.result if output else None,
    }


def files(client: WorkspaceClient) -> dict[str, Any]:
    """Small and large files, each way the SDK has; what is large is said by its own settings."""
    content = os.urandom(300_000)
    path = "/Volumes/main/default/v/folder/a.bin"
    client.files.upload(path, io.BytesIO(content))
    whole = client.files.download(path).contents
    part = client.api_client.do("GET", f"/api/2.0/fs/files{path}", headers={"Range": "bytes=10-19"}, raw=True)[
        "contents"
    ]
    client.config.files_ext_multipart_upload_min_stream_size = 100_000
    client.config.files_ext_parallel_download_min_file_size = 100_000
    client.config.files_ext_parallel_download_default_part_size = 70_000
    client.files.upload(f"{path}.large", io.BytesIO(content), overwrite=True)
    held = refusal(lambda: client.files.upload(f"{path}.large", io.BytesIO(content), overwrite=False))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.bin"
        client.files.download_to(f"{path}.large", str(target), use_parallel=True, parallelism=3)
        parallel = target.read_bytes() == content
    assert whole is not None
    return {
        "whole": whole.read() == content,
        "part": part.read() == content[10:20],
        "parallel": parallel,
        "held": held["type"],
        "size": client.files.get_metadata(f"{path}.large").content_length,
    }


def schedule(client: WorkspaceClient) -> dict[str, Any]:
    task = notebook_task(client, "scheduled", "exit")
    bad = jobs.CronSchedule(quartz_cron_expression="every night", timezone_id="UTC")
    refused = refusal(lambda: create(client, task, schedule=bad))
    unknown = refusal(lambda: create(client, jobs.Task(**{**vars(task), "job_cluster_key": "none"})))
    often = jobs.CronSchedule(
        quartz_cron_expression="* * * * * ?", timezone_id="UTC", pause_status=jobs.PauseStatus.UNPAUSED
    )
    job_id = create(client, task, schedule=often)
    deadline = time.monotonic() + 20
    while not (runs := list(client.jobs.list_runs(job_id=job_id))) and time.monotonic() < deadline:
        time.sleep(0.2)
    paused = jobs.CronSchedule(
        quartz_cron_expression="* * * * * ?", timezone_id="UTC", pause_status=jobs.PauseStatus.PAUSED
    )
    client.jobs.update(job_id, new_settings=jobs.JobSettings(schedule=paused))
    expression = runs[0].schedule.quartz_cron_expression if runs and runs[0].schedule else None
    return {
        "refused": refused,
        "unknown": unknown,
        "trigger": runs[0].trigger if runs else None,
        "schedule": expression,
    }


def clusters(client: WorkspaceClient) -> dict[str, Any]:
    cluster = compute.ClusterSpec(
        spark_version="18.x-scala2.13",
        num_workers=1,
        spark_conf={"spark.sql.ansi.enabled": "false"},
        spark_env_vars={"STAGE": "dev"},
    )
    library = compute.Library(pypi=compute.PythonPyPiLibrary(package="simplejson"))
    task = notebook_task(client, "cluster", "cluster", job_cluster_key="main", libraries=[library])
    job_id = create(client, task, job_clusters=[jobs.JobCluster(job_cluster_key="main", new_cluster=cluster)])
    output = output_of(client, client.jobs.run_now(job_id).result(timeout=LIMIT)).notebook_output
    assert output is not None
    return {"told": json.loads(output.result or "null")}


def runs(client: WorkspaceClient) -> dict[str, Any]:
    """Disabled tasks, task values in parameters, repairs."""
    first = notebook_task(client, "first", 'set-value name "Ada"\nexit')
    upstream = [jobs.TaskDependency(task_key="first")]
    second = notebook_task(client, "second", "echo\n", depends_on=upstream)
    assert second.notebook_task is not None
    second.notebook_task.base_parameters = {"name": "{{tasks.first.values.name}}"}
    off = notebook_task(client, "off", "raise X: never", disabled=True)
    run = client.jobs.run_now(create(client, first, second, off)).result(timeout=LIMIT)
    by_key = {task.task_key: task for task in run.tasks or []}
    value = client.jobs.get_run_output(by_key["second"].run_id or 0).notebook_output
    off_status = by_key["off"].status
    assert value is not None
    assert off_status is not None
    assert off_status.termination_details is not None

    failing = client.jobs.run_now(create(client, notebook_task(client, "failing", "raise X: y"))).run_id
    assert failing is not None
    until_ended(client, failing)
    twice = refusal(lambda: client.jobs.repair_run(failing, rerun_tasks=["failing", "failing"]))
    notebook_task(client, "failing", "exit")
    client.jobs.repair_run(failing, rerun_tasks=["failing"]).result(timeout=LIMIT)
    history = client.jobs.get_run(failing, include_history=True).repair_history or []
    return {
        "value": json.loads(value.result or "null"),
        "off": off_status.termination_details.code,
        "twice": twice,
        "history": [[item.type, item.state.result_state if item.state else None] for item in history],
    }


def until_ended(client: WorkspaceClient, run_id: int) -> None:
    deadline = time.monotonic() + 20
    while (state := client.jobs.get_run(run_id).state) and not state.result_state:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def permissions(client: WorkspaceClient) -> dict[str, Any]:
    job_id = str(create(client, notebook_task(client, "shared", "exit")))

    def levels(*entries: tuple[str, iam.PermissionLevel]) -> list[Any]:
        given = [iam.AccessControlRequest(user_name=name, permission_level=level) for name, level in entries]
        answer = client.permissions.update("jobs", job_id, access_control_list=given)
        return [
            [entry.user_name, *(item.permission_level for item in entry.all_permissions or [])]
            for entry in answer.access_control_list or []
        ]

    levels(("a", iam.PermissionLevel.CAN_VIEW), ("b", iam.PermissionLevel.CAN_VIEW))
    levels(("a", iam.PermissionLevel.CAN_MANAGE))
    return {"levels": levels(("a", iam.PermissionLevel.CAN_MANAGE))}


def main() -> None:
    client = WorkspaceClient(host=os.environ["TEST_HOST"], token=os.environ["TEST_TOKEN"], auth_type="pat")
    parts = [uploads, bundle_deployment, files, schedule, clusters, runs, permissions]
    seen: dict[str, Any] = {}
    for part in parts:
        try:
            seen[part.__name__] = part(client)
        except DatabricksError as error:
            seen[part.__name__] = {"error": str(error)}
    json.dump(seen, sys.stdout, default=lambda value: getattr(value, "value", str(value)))


if __name__ == "__main__":
    main()
