"""The files of a batch before Spark reads them: which are readable, by source, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from batchkeeper.contract.manifest import Manifest
from batchkeeper.ingestion.attempt import Attempt, Broken
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.files.probe import probe_all
from batchkeeper.ingestion.rows.lines import ranked
from batchkeeper.scenario.source import Source


@dataclass(frozen=True)
class Inspected:
    """The files of a batch.

    Attributes:
        by_source: readable files in order of precedence.
        broken: the others.
    """

    by_source: Mapping[Source, Sequence[ProbedFile]]
    broken: Sequence[Broken]


def inspect(attempt: Attempt, manifest: Manifest, scratch: Path) -> Inspected:
    """Probes every file of a known source and its name. Copies that Spark reads better go below `scratch`."""
    sources = {source.name: source for source in attempt.scenario.sources}
    known = [(file, sources[file.source]) for file in manifest.files if file.source in sources]
    unknown: list[Broken] = [
        (file, {"unknown_source": f"source {file.source!r} is not one of {', '.join(sources)}"})
        for file in manifest.files
        if file.source not in sources
    ]
    probed = [
        _with_name_faults(attempt, file, sources[file.file.source])
        for file in probe_all(known, attempt.rules.encodings, scratch)
    ]
    rejecting = {file.file.path: _rejecting(attempt, file) for file in probed}
    broken = [(file.file, rejecting[file.file.path]) for file in probed if rejecting[file.file.path]]
    good = [file for file in probed if not rejecting[file.file.path]]
    by_source = {
        source: ranked([file for file in good if file.file.source == source.name])
        for source in attempt.scenario.sources
    }
    return Inspected(by_source, [*unknown, *broken])


def _with_name_faults(attempt: Attempt, file: ProbedFile, source: Source) -> ProbedFile:
    return replace(file, broken={**file.broken, **attempt.naming.faults(file.file, source)})


def _rejecting(attempt: Attempt, file: ProbedFile) -> dict[str, str]:
    """The broken rules that keep a file out, with what is wrong."""
    return {rule: what for rule, what in file.broken.items() if attempt.rules.files[rule] != "warn"}
