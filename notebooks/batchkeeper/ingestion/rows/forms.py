"""Which text is a number or a time. A cast alone takes too much: `98F` for 98, `BST` for Dhaka, a time without a date
for today.
"""

from __future__ import annotations

from batchkeeper.scenario.source import Field

_WHOLE = r"[+-]?[0-9]+"
_DECIMAL = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
# These are told apart from what is no number at all.
_NOT_FINITE = r"[+-]?(?i:nan|inf|infinity)"
_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?"
# An offset's minutes have two digits, and regions named by SystemV are of none that anybody keeps.
_ZONE = r"Z|UTC|GMT|[+-][0-9]{1,2}(:?[0-9]{2}){0,2}|(?!SystemV/)[A-Za-z_]+(/[A-Za-z0-9_+-]+)+"
_PATTERNS = {
    "timestamp": f"{_DATE}[ T]{_CLOCK} *({_ZONE})?",
    "date": _DATE,
    **dict.fromkeys(("double", "float"), f"{_DECIMAL}|{_NOT_FINITE}"),
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), _WHOLE),
}
_SHORTEST_TIME = len("2015-11-15 06:00")
_TO_THE_SECOND = len("2015-11-15 06:00:00")
_LONGEST_DATE = len("2015-11-15")
_REGION = r" *([A-Za-z_]+/.*)$"
# How many minutes later a clock that is put back shows the same time again.
_LATER = (0, 30, 60, 120)

FIRST_YEAR = 1901
"""Earlier years are no time: other calendars and formats part there."""

PLAIN = b"0123456789+-.:TZ ,;|\r\n"
"""Bytes of which a cast takes nothing for a number that the pattern of numbers refuses; Spark itself need not look for
it.
"""


def typed(field: Field, *, plain: bool) -> str:
    """SQL: the value of `text_<field>`, null where it has not the form of one.

    Args:
        plain: whether the text is known to be made of PLAIN bytes, which saves the pattern.
    """
    text = f"`text_{field.name}`"
    if field.type == "string":
        return text
    value = f"TRY_CAST({text} AS {field.type})"
    found = []
    if field.type == "timestamp":
        found = [f"octet_length({text}) >= {_SHORTEST_TIME}", f"{text} >= '{FIRST_YEAR}'"]
    if plain and field.type == "timestamp":
        # Of such bytes a text as long as a date with a time to the second, marked as one, is that, if it is any time.
        found.append(f"({_is_to_the_second(text)} OR {text} RLIKE '^({_PATTERNS[field.type]})$')")
    elif not plain and (pattern := _PATTERNS.get(field.type)):
        found.append(f"{text} RLIKE '^({pattern})$'")
        if field.type == "timestamp":
            found.append(f"(NOT contains({text}, '/') OR {_occurs_once(text, value)})")
    value = f"IF({' AND '.join(found)}, {value}, NULL)" if found else value
    return value if field.dates_at is None else _or_date(text, value, field.dates_at)


def _or_date(text: str, value: str, hour: int) -> str:
    """SQL: the value, or of a date alone the time `hour` hours after it begins."""
    date = f"{text} >= '{FIRST_YEAR}' AND {text} RLIKE '^({_DATE})$'"
    begins = f"TRY_CAST({text} AS TIMESTAMP) + INTERVAL {hour} HOURS"
    return f"IF(octet_length({text}) <= {_LONGEST_DATE}, IF({date}, {begins}, NULL), {value})"


def is_ancient(field: Field) -> str:
    """SQL: whether the text, which is no value, would be a time if it were not of a year before FIRST_YEAR."""
    text = f"`text_{field.name}`"
    return f"{text} < '{FIRST_YEAR}' AND {_dated(text)}"


def _occurs_once(text: str, value: str) -> str:
    """SQL: whether the clocks of the region in a text show its time exactly once: not in the hour that they leave out
    or repeat.

    A cast moves the one, and takes the first of the other. Few texts name a region: Spark interprets a lambda, and
    generates no code.
    """
    zone, local = (
        f"regexp_extract({text}, '{_REGION}', 1)",
        f"TRY_CAST(regexp_replace({text}, '{_REGION}', '') AS TIMESTAMP)",
    )
    shown = f"from_utc_timestamp(timestamp_micros(unix_micros({value}) + minutes * 60000000), {zone})"
    return (
        f"filter(array({', '.join(f'{minutes}L' for minutes in _LATER)}), minutes -> {shown} <=> {local}) = array(0L)"
    )


def _is_to_the_second(text: str) -> str:
    """SQL: whether a text has the length and the marks of `2015-11-15 06:00:00`."""
    marks = " AND ".join(f"substr({text}, {place}, 1) = '{mark}'" for place, mark in ((5, "-"), (14, ":"), (17, ":")))
    return f"(octet_length({text}) = {_TO_THE_SECOND} AND {marks})"


def _dated(text: str) -> str:
    return f"substr({text}, 5, 1) = '-'"
