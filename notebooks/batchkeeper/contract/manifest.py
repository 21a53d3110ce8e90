"""The frozen batch: what the manifest lists, checked against the bytes on the volume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from batchkeeper.contract.parameters import JobParameters, parse_time
from batchkeeper.errors import ManifestError, ParameterError


@dataclass(frozen=True)
class ManifestFile:
    """One drop of the batch.

    Attributes:
        path: drop path, as the source system wrote it.
        location: the frozen bytes on the volume.
        size: bytes as delivered.
        modified: last-modified time (UTC) of the drop.
    """

    path: str
    source: str
    location: Path
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Manifest:
    """A frozen batch."""

    run_id: str
    files: tuple[ManifestFile, ...]


def read_manifest(parameters: JobParameters) -> Manifest:
    """Reads the manifest of this run and checks that every listed file is there in full.

    Raises:
        ManifestError: the manifest is absent or malformed, belongs to another run, or a file is missing or has another
            size.
    """
    location = parameters.path(parameters.manifest_path)
    try:
        document = json.loads(location.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestError(f"manifest {parameters.manifest_path} is not under {parameters.volume_root}") from error
    except ValueError as error:
        raise ManifestError(f"manifest {parameters.manifest_path} is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("manifestVersion") != 1:
        raise ManifestError(f"manifest {parameters.manifest_path}: manifestVersion must be 1")
    if document.get("runId") != parameters.run_id:
        raise ManifestError(
            f"manifest {parameters.manifest_path} belongs to run {document.get('runId')}, not to {parameters.run_id}"
        )
    entries = document.get("files")
    if not isinstance(entries, list):
        raise ManifestError(f"manifest {parameters.manifest_path}: files must be a list")
    files = tuple(_file(parameters, number, entry) for number, entry in enumerate(entries))
    paths = [file.path for file in files]
    twice = sorted({path for path in paths if paths.count(path) > 1}) if len(set(paths)) < len(paths) else []
    if twice:
        raise ManifestError(f"manifest {parameters.manifest_path} lists twice: {', '.join(twice)}")
    return Manifest(parameters.run_id, files)


def _file(parameters: JobParameters, number: int, entry: Any) -> ManifestFile:
    where = f"manifest {parameters.manifest_path}, files[{number}]"
    if not isinstance(entry, Mapping):
        raise ManifestError(f"{where} must be an object")
    try:
        text = {name: _text(entry, name) for name in ("path", "source", "frozenPath", "etag", "lastModified")}
        location = parameters.path(text["frozenPath"])
        modified = parse_time(text["lastModified"], "lastModified")
    except (ParameterError, ValueError) as error:
        raise ManifestError(f"{where}: {error}") from error
    size = entry.get("size")
    if not isinstance(size, int):
        raise ManifestError(f"{where}: size must be a whole number")
    if not location.is_file():
        raise ManifestError(f"{where}: frozen file {text['frozenPath']} is not on the volume")
    found = location.stat().st_size
    if found != size:
        raise ManifestError(f"{where}: {text['frozenPath']} has {found} bytes, the manifest says {size}")
    return ManifestFile(text["path"], text["source"], location, text["etag"], size, modified)


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value
