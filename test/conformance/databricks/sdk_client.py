"""Drives a local Databricks through the official Python SDK; started by sdk.test.ts, prints one JSON object of what the
SDK saw.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import OperationFailed
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import jobs, workspace

LIMIT = timedelta(minutes=5)


def refusal(call: Callable[[], Any]) -> dict[str, str]:
    """The SDK's own error class and code for a call that has to fail."""
    try:
        call()
    except (DatabricksError, OperationFailed) as error:
        return {"type": type(error).__name__, "code": str(getattr(error, "error_code", "")), "message": str(error)}
    raise AssertionError("the call was not refused")


def import_notebook(client: WorkspaceClient, name: str, source: str) -> str:
    """Imports a notebook; returns its workspace path."""
    path = f"/Shared/conformance/{name}"
    client.workspace.mkdirs("/Shared/conformance")
    content = base64.b64encode(source.encode()).decode()
    client.workspace.import_(
        path=path,
        content=content,
        format=workspace.ImportFormat.SOURCE,
        language=workspace.Language.PYTHON,
        overwrite=True,
    )
    return path


def create_job(client: WorkspaceClient, name: str, source: str) -> int:
    """Creates a job of one notebook; returns its id."""
    path = import_notebook(client, name, source)
    task = jobs.Task(task_key="main", notebook_task=jobs.NotebookTask(notebook_path=path))
    job_id = client.jobs.create(
        name=name, tasks=[task], parameters=[jobs.JobParameterDefinition(name="rows", default="1")]
    ).job_id
    assert job_id is not None
    return job_id


def output_of(client: WorkspaceClient, run: jobs.Run) -> jobs.RunOutput:
    """The output of the run's only task."""
    assert run.tasks is not None
    task_run_id = run.tasks[0].run_id
    assert task_run_id is not None
    return client.jobs.get_run_output(task_run_id)


def succeed(client: WorkspaceClient) -> dict[str, Any]:
    count = "str(spark.range(int(dbutils.widgets.get('rows'))).count())"
    source = f"# Databricks notebook source\nprint('counting')\n# COMMAND ----------\ndbutils.notebook.exit({count})\n"
    job_id = create_job(client, "succeed", source)
    run = client.jobs.run_now(job_id=job_id, job_parameters={"rows": "12"}, idempotency_token="succeed-1").result(
        timeout=LIMIT
    )
    again = client.jobs.run_now(job_id=job_id, job_parameters={"rows": "12"}, idempotency_token="succeed-1")
    output = output_of(client, run)
    assert run.state is not None
    assert output.notebook_output is not None
    return {
        "result": output.notebook_output.result,
        "state": [run.state.life_cycle_state, run.state.result_state],
        "sameRun": again.run_id == run.run_id,
        "listed": [job.settings.name for job in client.jobs.list(name="SUCCEED") if job.settings],
        "runs": [listed.run_id == run.run_id for listed in client.jobs.list_runs(job_id=job_id)],
        "page": run.run_page_url,
    }


def fail(client: WorkspaceClient) -> dict[str, Any]:
    job_id = create_job(client, "fail", "# Databricks notebook source\nraise ValueError('bad date')\n")
    waiter = client.jobs.run_now(job_id=job_id)
    refused = refusal(lambda: waiter.result(timeout=LIMIT))
    output = output_of(client, client.jobs.get_run(waiter.run_id))
    return {"waiter": refused, "error": output.error, "trace": output.error_trace}


def cancel(client: WorkspaceClient) -> dict[str, Any]:
    job_id = create_job(client, "cancel", "# Databricks notebook source\nimport time\ntime.sleep(600)\n")
    waiter = client.jobs.run_now(job_id=job_id)
    while (
        state := client.jobs.get_run(waiter.run_id).state
    ) and state.life_cycle_state is not jobs.RunLifeCycleState.RUNNING:
        time.sleep(0.2)
    run = client.jobs.cancel_run_and_wait(waiter.run_id, timeout=LIMIT)
    assert run.state is not None
    return {"state": [run.state.life_cycle_state, run.state.result_state]}


def secrets(client: WorkspaceClient) -> dict[str, Any]:
    client.secrets.create_scope("conformance")
    client.secrets.put_secret("conformance", "key", string_value="v")
    notebook = (
        "# Databricks notebook source\ndbutils.notebook.exit(str(len(dbutils.secrets.get('conformance', 'key'))))\n"
    )
    run = client.jobs.run_now(job_id=create_job(client, "secrets", notebook)).result(timeout=LIMIT)
    output = output_of(client, run).notebook_output
    return {
        "value": base64.b64decode(client.secrets.get_secret("conformance", "key").value or "").decode(),
        "keys": [item.key for item in client.secrets.list_secrets("conformance")],
        "inNotebook": output.result if output else None,
    }


def faults(client: WorkspaceClient) -> dict[str, Any]:
    """The SDK resends run-now after a 503 that came too late, and after a dropped connection; the token makes it one
    run.
    """
    job_id = create_job(client, "faults", "# Databricks notebook source\ndbutils.notebook.exit('x')\n")
    for action in ("503-after", "drop-after", "429"):
        client.api_client.do(
            "POST", "/internal/faults", body={"match": {"path": "/run-now"}, "times": 1, "action": action}
        )
    client.jobs.run_now(job_id=job_id, idempotency_token="faults-1").result(timeout=LIMIT)
    return {"runs": len(list(client.jobs.list_runs(job_id=job_id)))}


def errors(client: WorkspaceClient) -> dict[str, Any]:
    return {
        "job": refusal(lambda: client.jobs.get(7)),
        "run": refusal(lambda: client.jobs.get_run(7)),
        "cancel": refusal(lambda: client.jobs.cancel_run(7)),
        "path": refusal(lambda: client.workspace.get_status("/nowhere")),
        "user": client.current_user.me().user_name,
    }


def oauth(host: str, secret: str) -> dict[str, Any]:
    client = WorkspaceClient(host=host, client_id="app", client_secret=secret, auth_type="oauth-m2m")
    return {"jobs": [job.settings.name for job in client.jobs.list(name="fail") if job.settings]}


def main() -> None:
    host, token = os.environ["TEST_HOST"], os.environ["TEST_TOKEN"]
    client = WorkspaceClient(host=host, token=token, auth_type="pat")
    parts = {"succeed": succeed, "fail": fail, "cancel": cancel, "secrets": secrets, "faults": faults, "errors": errors}
    seen = {name: part(client) for name, part in parts.items()}
    json.dump(
        {**seen, "oauth": oauth(host, token)}, sys.stdout, default=lambda value: getattr(value, "value", str(value))
    )


if __name__ == "__main__":
    main()
