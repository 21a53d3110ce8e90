"""What the official Python SDK uploads to a local Databricks and reads back: workspace, bundle, files."""

from __future__ import annotations

import io
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import iam, jobs, workspace
from sdk_client import output_of, refusal

LIMIT = timedelta(minutes=1)
HEADER = "# Databricks notebook source\n"


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
