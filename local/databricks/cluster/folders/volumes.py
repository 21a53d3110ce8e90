"""Makes `/Volumes/…`, `/dbfs/…` and `/Workspace/…` reach their folders on machines that cannot show them to programs
(see `namespace.py`).

Python's own file calls find the files; all else that names such a path is refused, since it would read or write the
machine itself.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from cluster.folders.places import Places

# Functions of `os` by the number of paths they take first; `os.path`, `pathlib` and `shutil` are built on them.
_OS_CALLS = {
    **dict.fromkeys(
        (
            "open",
            "stat",
            "lstat",
            "listdir",
            "scandir",
            "mkdir",
            "rmdir",
            "remove",
            "unlink",
            "access",
            "chmod",
            "utime",
        ),
        1,
    ),
    **dict.fromkeys(("rename", "replace"), 2),
    # By which shutil copies what the system knows of a file; Linux alone has them.
    **dict.fromkeys({"listxattr", "getxattr", "setxattr"} & set(dir(os)), 1),
}
# Python tells of these before it does them, also when the call itself was not mapped.
_PATH_EVENTS = re.compile(r"open|os\.(?!system|exec|posix_spawn|spawn|putenv|unsetenv).*|sqlite3\.connect")
_PROGRAM_EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_NAMED = re.compile(r"(?<![\w./-])/(?:Volumes|dbfs|Workspace)(?![\w.-])[^\s'\"]*")


def map_files(places: Places, reason: str) -> None:
    """Maps such paths for Python's file calls in this process, and refuses what cannot be mapped with `reason`."""

    stat = os.stat

    def exists(path: str) -> bool:
        try:
            stat(path)
        except OSError:
            return False
        return True

    def mapped(path: Any) -> Any:
        if not isinstance(path, str | bytes | os.PathLike):
            return path
        text = os.fsdecode(path)
        found = places.of_programs(text)
        # A Mac has a /Volumes of its own.
        if found is None or (sys.platform == "darwin" and exists("/".join(text.split("/")[:3]))):
            return path
        return os.fsencode(found) if isinstance(path, bytes) else found

    builtins.open = io.open = _mapping(builtins.open, 1, mapped)
    for name, count in _OS_CALLS.items():
        setattr(os, name, _mapping(getattr(os, name), count, mapped))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if _PATH_EVENTS.fullmatch(event):
            named = next((path for path in arguments if isinstance(path, str | bytes) and mapped(path) != path), None)
        elif event in _PROGRAM_EVENTS:
            named = next(
                (path for text in _texts(arguments) for path in _NAMED.findall(text) if mapped(path) != path), None
            )
        else:
            return
        if named is not None:
            raise PermissionError(
                f"{event}: {named[:200]!r}: here only Python's own file calls, Spark and dbutils reach it ({reason})"
            )

    sys.addaudithook(refuse)


def _texts(value: Any) -> list[str]:
    """All texts in the arguments of a program's start, but for its environment."""
    if isinstance(value, str | bytes | os.PathLike):
        return [os.fsdecode(value)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list | tuple) else []


def _mapping(call: Callable[..., Any], count: int, mapped: Callable[[Any], Any]) -> Callable[..., Any]:
    """`call` with its first `count` arguments mapped."""

    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return call(*map(mapped, args[:count]), *args[count:], **kwargs)

    return wrapper
