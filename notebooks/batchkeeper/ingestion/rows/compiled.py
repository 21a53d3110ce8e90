"""The rules of one source, those of form first, compiled for a single pass."""

from __future__ import annotations

from datetime import date

from batchkeeper.ingestion.rows.cells import BAD
from batchkeeper.ingestion.rows.forms import is_ancient
from batchkeeper.ingestion.rows.rules import MAX_RULES, CompiledRules, RuleSet, Severity
from batchkeeper.scenario.source import Field, Source

# Spark closes a quote that the line leaves open.
_OPEN_QUOTE = """(length(raw) - length(replace(raw, '"', ''))) % 2 = 1"""
_DAY_MICROS = 86_400_000_000
_LAST_DAY = date(9999, 12, 31)


def compile_rules(source: Source, rules: RuleSet) -> CompiledRules:
    """Form rules first, so that the first broken rule is the most basic one.

    Java never compiles a method of more than 8000 bytes, and all this becomes one: hence one term for the rules of a
    field.
    """
    found: dict[str, tuple[Severity, str | None]] = {}
    # A bit for each rule and field tells which field it was; where there are too many fields, all share one.
    by_field = 2 + 3 * len(source.fields) + len(rules.for_source(source.name)) <= MAX_RULES

    def bit(name: str, severity: Severity, refers_to: str | None = None) -> str:
        found[name] = (severity, refers_to)
        return f"{1 << list(found).index(name)}L"

    def of_form(rule: str, field: Field) -> str:
        return bit(f"{rule}:{field.name}" if by_field else rule, rules.form[rule])

    unread = " OR ".join(f"`{field.name}` IS NULL" for field in source.fields)
    terms = [
        f"IF(NOT plain AND (wordy OR {unread}) AND NOT is_valid_utf8(raw), "
        f"{bit('not_utf8', rules.form['not_utf8'])}, 0L)",
        f"IF({BAD} OR (quoted AND {_OPEN_QUOTE}), {bit('malformed', rules.form['malformed'])}, 0L)",
    ]
    for field in source.fields:
        text, value = f"`text_{field.name}`", f"`{field.name}`"
        missing = "0L" if field.optional else of_form("missing_value", field)
        if field.type == "string":
            terms.append(f"IF({text} IS NULL, {missing}, 0L)")
            continue
        wrong, strange = of_form("wrong_type", field), "0L"
        if field.type == "double":
            # NaN is larger than any number.
            strange = f"IF(abs({value}) >= DOUBLE('Infinity'), {of_form('not_finite', field)}, 0L)"
        elif field.type == "timestamp":
            distant = of_form("out_of_range", field)
            wrong = f"IF({is_ancient(field)}, {distant}, {wrong})"
            strange = (
                f"IF(unix_micros({value}) NOT BETWEEN {_micros(rules.begins)} AND {_micros(_LAST_DAY)}, {distant}, 0L)"
            )
        absent = f"IF({text} IS NULL, {missing}, {wrong})"
        terms.append(f"IF({value} IS NULL, {absent}, {strange})")
    for rule in rules.for_source(source.name):
        broken = bit(rule.name, rule.severity, rule.refers_to)
        if rule.when:
            terms.append(f"IF({rule.when}, {broken}, 0L)")
    severities, refers_to = zip(*found.values(), strict=True)
    return CompiledRules(tuple(found), severities, refers_to, tuple(terms))


def _micros(day: date) -> str:
    return f"{(day - date(1970, 1, 1)).days * _DAY_MICROS}L"
