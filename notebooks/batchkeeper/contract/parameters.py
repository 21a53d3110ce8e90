"""The job parameters that every step reads (docs/contracts.md, section 2). `deployment_id` is for the app alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from batchkeeper.errors import ParameterError

_RUN_ID = re.compile(r"[a-z0-9-]{1,64}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Widgets(Protocol):
    """The part of `dbutils.widgets` that is used here."""

    def get(self, name: str) -> str:
        """The value of a job parameter; raises when there is none of that name."""
        ...


@dataclass(frozen=True)
class JobParameters:
    """What a step is asked to do.

    Attributes:
        run_id: the pipeline run; stands in every row that the step writes.
        manifest_path: the batch's manifest, relative to `volume_root`.
        window_start: first as-of time asked for (UTC, inclusive), or None: by the data.
        window_end: end of the as-of times asked for (UTC, exclusive), or None: by the data.
        catalog: catalog of all tables.
        schema: schema of all tables.
        volume_root: folder under which the blob containers appear.
        scenario: package with the declaration.
    """

    run_id: str
    manifest_path: str
    window_start: datetime | None
    window_end: datetime | None
    catalog: str
    schema: str
    volume_root: str
    scenario: str = ""

    def __post_init__(self) -> None:
        if not _RUN_ID.fullmatch(self.run_id):
            raise ParameterError(f"run_id: {self.run_id!r} must be 1 to 64 of a-z, 0-9 and '-'")
        for name, value in (("catalog", self.catalog), ("schema", self.schema)):
            if not _IDENTIFIER.fullmatch(value):
                raise ParameterError(f"{name}: {value!r} is no identifier (letters, digits, '_' and '-')")
        if not Path(self.volume_root).is_absolute():
            raise ParameterError(f"volume_root: {self.volume_root!r} must be an absolute path")
        self.path(self.manifest_path)
        if (self.window_start is None) != (self.window_end is None):
            raise ParameterError("window_start and window_end: give both or neither")
        if self.window_start and self.window_end and self.window_start >= self.window_end:
            raise ParameterError(
                f"window_end: {iso(self.window_end)} must be after window_start {iso(self.window_start)}"
            )

    @classmethod
    def from_widgets(cls, widgets: Widgets) -> JobParameters:
        """Reads the job parameters of this run.

        Raises:
            ParameterError: a parameter is missing or malformed.
        """
        return cls(
            run_id=text_parameter(widgets, "run_id"),
            manifest_path=text_parameter(widgets, "manifest_path"),
            window_start=_time(widgets, "window_start"),
            window_end=_time(widgets, "window_end"),
            catalog=text_parameter(widgets, "catalog"),
            schema=text_parameter(widgets, "schema"),
            volume_root=text_parameter(widgets, "volume_root"),
            scenario=text_parameter(widgets, "scenario"),
        )

    def path(self, relative: str) -> Path:
        """The file at `relative` under the volume root; refuses to leave it."""
        if Path(relative).is_absolute() or ".." in Path(relative).parts or not relative:
            raise ParameterError(
                f"manifest_path or file path {relative!r} must be relative to volume_root and stay inside it"
            )
        return Path(self.volume_root) / relative


def text_parameter(widgets: Widgets, name: str, default: str | None = None) -> str:
    """The text of parameter `name`; without a default it must be given and not empty."""
    try:
        value = widgets.get(name)
    except Exception as error:  # dbutils raises a class of its own, another on each runtime
        if default is not None:
            return default
        raise ParameterError(f"{name}: job parameter is missing") from error
    if value is None or not value.strip():
        if default is not None:
            return default
        raise ParameterError(f"{name}: job parameter is empty")
    return value.strip()


def parse_time(text: str, name: str) -> datetime:
    """An ISO 8601 time with zone, as UTC.

    Raises:
        ParameterError: the text does not parse or has no zone.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"{name}: {text!r} is no ISO 8601 time such as 2015-11-15T06:00:00Z") from error
    if parsed.tzinfo is None:
        raise ParameterError(f"{name}: {text!r} has no time zone; add Z for UTC")
    return parsed.astimezone(UTC)


def iso(time: datetime) -> str:
    """`time` as the contracts write it: UTC, with `Z`, to the second (or finer, when it has a fraction)."""
    if time.tzinfo is None:
        raise ValueError(f"time {time} has no zone")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(widgets: Widgets, name: str) -> datetime | None:
    text = text_parameter(widgets, name, default="")
    return parse_time(text, name) if text else None
