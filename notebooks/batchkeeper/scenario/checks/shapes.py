"""Faults of type: a text where a tuple belongs, a number where a time belongs. Found by the types that the parts of a
declaration name.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from batchkeeper.scenario.checks.fault import Fault
from batchkeeper.scenario.declaration import Scenario

_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    timedelta: "a timedelta",
    Path: "a Path",
    types.NoneType: "None",
}


def shapes(scenario: Scenario) -> Iterator[Fault]:
    """Every value that is not of the type that its part names."""
    yield from _of_part("", scenario)


def _of_part(place: str, part: Any) -> Iterator[Fault]:
    wanted = typing.get_type_hints(type(part))
    for one in fields(part):
        yield from _of_value(f"{place}.{one.name}".lstrip("."), getattr(part, one.name), wanted[one.name])


def _of_value(place: str, value: Any, wanted: Any) -> Iterator[Fault]:
    choices = typing.get_args(wanted) if typing.get_origin(wanted) in (types.UnionType, typing.Union) else (wanted,)
    fitting = next((one for one in choices if _is(value, one)), None)
    if fitting is None:
        yield place, f"{_shown(value)} must be {' or '.join(map(_named, choices))}"
    elif is_dataclass(fitting):
        yield from _of_part(place, value)
    elif typing.get_origin(fitting) is tuple:
        inside = typing.get_args(fitting)
        if inside[-1] is ...:
            inside = inside[:1] * len(value)
        if len(inside) != len(value):
            yield place, f"{_shown(value)} must have {len(inside)} values"
        for number, (entry, kind) in enumerate(zip(value, inside, strict=False)):
            yield from _of_value(f"{place}[{number}]", entry, kind)
    elif typing.get_origin(fitting) is Mapping:
        of_key, of_entry = typing.get_args(fitting)
        for key, entry in value.items():
            yield from _of_value(f"{place}, key {key!r}", key, of_key)
            yield from _of_value(f"{place}[{key}]", entry, of_entry)


def _is(value: Any, wanted: Any) -> bool:
    """Whether a value is of a type; what it holds is looked at by itself."""
    plain = typing.get_origin(wanted) or wanted
    if isinstance(value, bool):
        return plain is bool
    return isinstance(value, (int, float) if plain is float else plain)


def _named(wanted: Any) -> str:
    plain = typing.get_origin(wanted) or wanted
    if plain is tuple:
        return f"a tuple, such as ({_example(typing.get_args(wanted)[0])},)"
    return "a mapping" if plain is Mapping else _WORDS.get(plain, f"a {plain.__name__}")


def _example(inside: Any) -> str:
    return {str: "'a'", int: "24"}.get(inside, "…")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
