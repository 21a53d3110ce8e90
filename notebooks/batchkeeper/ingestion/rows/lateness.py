"""Late data: per source how far behind the data a row may come. What is later is kept aside and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from batchkeeper.errors import ParameterError
from batchkeeper.ingestion.rows.rules import RowRule, RuleSet
from batchkeeper.scenario.source import Source

TOO_LATE = "too_late"
_ENTRY = re.compile(r"(?P<source>[a-z][a-z0-9_]*)=(?P<hours>\d{1,6})")


def parse_lateness(text: str, sources: Iterable[Source]) -> dict[str, timedelta]:
    """The parameter `allowed_lateness`, such as `telemetry=72,errors=168` (hours); empty: any row may come at any time.

    Raises:
        ParameterError: names the entry that is wrong.
    """
    known = {source.name for source in sources if source.time}
    allowed: dict[str, timedelta] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry)
        if not match:
            raise ParameterError(f"allowed_lateness: {entry!r} is not <source>=<hours>")
        if match["source"] not in known:
            raise ParameterError(
                f"allowed_lateness: {match['source']!r} is no source with times ({', '.join(sorted(known))})"
            )
        allowed[match["source"]] = timedelta(hours=int(match["hours"]))
    return allowed


def with_lateness(
    rules: RuleSet, sources: Iterable[Source], allowed: Mapping[str, timedelta], covered: Mapping[str, datetime]
) -> RuleSet:
    """The rules, and for each source of the policy that its rows are not further behind the data than it allows.

    Args:
        covered: per source up to when its data were there before this run; without a time nothing of it is late.
    """
    rows = dict(rules.rows)
    for source in sources:
        if source.time and source.name in allowed and source.name in covered:
            first = covered[source.name] - allowed[source.name]
            late = RowRule(
                TOO_LATE, "quarantine", f"unix_micros({source.time}) < {int(first.timestamp() * 1_000_000)}L"
            )
            rows[source.name] = (*rules.for_source(source.name), late)
    return replace(rules, rows=rows)
