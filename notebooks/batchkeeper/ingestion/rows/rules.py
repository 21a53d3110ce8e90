"""Data-quality rules as data: a YAML file, compiled to Spark expressions. A rule says when a row or file is bad and how
bad that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pyspark.sql import Column
from pyspark.sql import functions as sf

from batchkeeper.errors import RulesError
from batchkeeper.ingestion.rows.forms import FIRST_YEAR
from batchkeeper.scenario.source import Source

Severity = Literal["warn", "quarantine", "fail"]

# What the engine itself can find wrong with a file, and with the form of a row. The rules file gives each its severity.
FILE_RULES = (
    "unknown_source",
    "truncated_gzip",
    "not_gzip",
    "unexpected_gzip",
    "trailing_bytes",
    "encoding",
    "missing_column",
    "ambiguous_column",
    "unknown_column",
    "undated_name",
    "name_before_start",
    "name_after_delivery",
    "unreadable",
)
FORM_RULES = ("not_utf8", "malformed", "missing_value", "wrong_type", "not_finite", "out_of_range")
# The others leave nothing that could be stored, or nothing that could be believed.
_MAY_WARN = ("unknown_column", "undated_name")
EARLIEST = date(FIRST_YEAR, 1, 2)
MAX_RULES = 60
"""How many rules on one source, those of form included, are bits of a mask."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class RowRule:
    """A condition on the typed row: bad when `when` (Spark SQL) is true; or, with `refers_to`, when the key of that
    source is unknown.
    """

    name: str
    severity: Severity
    when: str = ""
    refers_to: str | None = None


@dataclass(frozen=True)
class RuleSet:
    """All rules of a scenario."""

    files: Mapping[str, Severity]
    form: Mapping[str, Severity]
    rows: Mapping[str, tuple[RowRule, ...]]
    encodings: Mapping[str, str]
    begins: date = EARLIEST
    """The day (UTC) before which the scenario has no data."""

    def for_source(self, source: str) -> tuple[RowRule, ...]:
        """The rules on the typed rows of `source`."""
        return self.rows.get(source, ())


@dataclass(frozen=True)
class CompiledRules:
    """The rules of one source as bits of one number, so that one pass counts them all: bit i set = rule i broken."""

    names: tuple[str, ...]
    severities: tuple[Severity, ...]
    refers_to: tuple[str | None, ...]
    """Per rule the source that decides it, or None: the row alone decides."""
    terms: tuple[str, ...]
    """Spark SQL: the bits of the rules that a row breaks by itself, as numbers to be joined bit by bit."""

    def __post_init__(self) -> None:
        if len(self.names) > MAX_RULES:
            raise RulesError(f"{len(self.names)} rules on one source, those of form included, at most {MAX_RULES}")

    def mask(self) -> Column:
        """The rules that a row breaks by itself, as a number."""
        return sf.expr(" | ".join(self.terms))

    def references(self) -> dict[str, int]:
        """By source: the mask of the rules that a row breaks when that source lacks its key."""
        found: dict[str, int] = {}
        for bit, source in enumerate(self.refers_to):
            if source:
                found[source] = found.get(source, 0) | 1 << bit
        return found

    def bits(self, *severities: Severity) -> int:
        """The mask of all rules of these severities."""
        return sum(1 << bit for bit, severity in enumerate(self.severities) if severity in severities)

    def rejects(self) -> Column:
        """Whether the mask of a row holds a rule that keeps it out of the table."""
        return sf.col("mask").bitwiseAND(sf.lit(self.bits("quarantine", "fail")).cast("bigint")) != 0

    def broken(self, mask: int) -> list[str]:
        """The names of the rules in a mask, in the order of the rules."""
        return [name for bit, name in enumerate(self.names) if mask >> bit & 1]

    def rejecting(self, mask: Column) -> Column:
        """The names of the broken rules that reject a row, as an array column."""
        named = [
            sf.when(mask.bitwiseAND(sf.lit(1 << bit).cast("bigint")) != 0, sf.lit(name))
            for bit, (name, severity) in enumerate(zip(self.names, self.severities, strict=True))
            if severity != "warn"
        ]
        return sf.array_compact(sf.array(*named))


def load_rules(path: Path, sources: Sequence[Source]) -> RuleSet:
    """Reads a rules file.

    Raises:
        RulesError: names the file and the entry that is wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RulesError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("version") != 1:
        raise RulesError(f"{path.name}: version must be 1")
    known = {source.name for source in sources}
    rows: dict[str, tuple[RowRule, ...]] = {}
    for source, entries in (document.get("sources") or {}).items():
        if source not in known:
            raise RulesError(f"{path.name}: sources.{source} is no source of the scenario ({', '.join(sorted(known))})")
        rows[source] = tuple(
            _row_rule(f"{path.name}: sources.{source}[{number}]", entry, known)
            for number, entry in enumerate(entries or [])
        )
        names = [rule.name for rule in rows[source]]
        if len(set(names)) < len(names):
            raise RulesError(f"{path.name}: sources.{source}: rule names must be unique")
    return RuleSet(
        files=_engine_rules(path.name, "files", document.get("files"), FILE_RULES),
        form=_engine_rules(path.name, "form", document.get("form"), FORM_RULES),
        rows=rows,
        encodings=dict(document.get("encodings") or {}),
        begins=_begins(path.name, document.get("begins", EARLIEST)),
    )


def _begins(file: str, value: Any) -> date:
    if type(value) is not date or value < EARLIEST:
        raise RulesError(f"{file}: begins {value!r} must be a day such as 2014-01-01, not before {EARLIEST}")
    return value


def _engine_rules(file: str, section: str, entries: Any, names: Sequence[str]) -> dict[str, Severity]:
    if not isinstance(entries, dict) or set(entries) != set(names):
        raise RulesError(f"{file}: {section} must give a severity to each of: {', '.join(names)}")
    found = {name: _severity(f"{file}: {section}.{name}", entries[name]) for name in names}
    lenient = [name for name, severity in found.items() if severity == "warn" and name not in _MAY_WARN]
    if lenient:
        raise RulesError(
            f"{file}: {section}: {', '.join(lenient)} cannot be 'warn', there would be nothing to store or to believe"
        )
    return found


def _row_rule(where: str, entry: Any, sources: set[str]) -> RowRule:
    if not isinstance(entry, dict) or not set(entry) <= {"name", "severity", "when", "refers_to"}:
        raise RulesError(f"{where}: a rule has name, severity and one of when, refers_to")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in FORM_RULES:
        raise RulesError(f"{where}: name {name!r} must be lower case letters, digits and '_', and no rule of form")
    if ("when" in entry) == ("refers_to" in entry):
        raise RulesError(f"{where} ({name}): give either when or refers_to")
    if "refers_to" in entry and entry["refers_to"] not in sources:
        raise RulesError(f"{where} ({name}): refers_to {entry['refers_to']!r} is no source")
    return RowRule(
        name, _severity(f"{where} ({name})", entry.get("severity")), str(entry.get("when", "")), entry.get("refers_to")
    )


def _severity(where: str, value: Any) -> Severity:
    for severity in get_args(Severity):
        if value == severity:
            found: Severity = severity
            return found
    raise RulesError(f"{where}: severity {value!r} must be one of {', '.join(get_args(Severity))}")
