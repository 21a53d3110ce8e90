"""Drives jobs, workspace and files of a local Databricks through the official Python SDK; started by
sdk-service.test.ts.

Notebooks are commands of test/fixtures/databricks/controller.mjs. Prints one JSON object of what the SDK saw.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import compute, iam, jobs, workspace
from sdk_client import output_of, refusal
from sdk_uploads import HEADER, LIMIT, bundle_deployment, create, files, uploads


def notebook_task(client: WorkspaceClient, key: str, commands: str, **settings: Any) -> jobs.Task:
    """A task whose notebook was uploaded as the SDK uploads files."""
    path = f"/Shared/service/{key}"
    client.workspace.mkdirs("/Shared/service")
    client.workspace.upload(path, (HEADER + commands).encode(), language=workspace.Language.PYTHON, overwrite=True)
    return jobs.Task(task_key=key, notebook_task=jobs.NotebookTask(notebook_path=path), **settings)


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
