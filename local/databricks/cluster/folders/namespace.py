"""Shows the cluster's processes `/Volumes`, `/dbfs` and `/Workspace` without any of them existing on the machine.

On Linux a process may have its own view of the file tree (a mount namespace), and within a user namespace it needs no
rights for that. The controller moves into one before it starts anything, so that the driver JVM, notebooks, Spark's
Python workers and shells all see the same.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _SLAVE, _DETACH = 4096, 16384, 1 << 19, 2


def enter(folders: Mapping[str, Path], mount_point: Path) -> str | None:
    """Gives this process, and all that it starts, a file tree in which each name of `folders` (such as `/Volumes`) is
    its folder.

    `mount_point` is an empty folder that the new root is put upon. The process must have one thread only.

    Returns:
        None, or why the machine does not admit it; nothing has changed then.
    """
    if sys.platform != "linux":
        return f"{sys.platform} has no mount namespaces"
    # A process that got only half of the way could not go back, so a copy of it tries first.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _build(folders, mount_point)
        except OSError as error:
            os.write(
                writing,
                ": ".join(str(part) for part in (error.filename, error.strerror) if part).encode() or b"unknown",
            )
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        reason = pipe.read().decode()
    os.waitpid(child, 0)
    if reason:
        return reason
    _build(folders, mount_point)
    return None


def _build(folders: Mapping[str, Path], mount_point: Path) -> None:
    """Makes a root of its own: an empty one in memory, into which everything at the machine's root is bound.

    Raises:
        OSError: the machine refused a step.
    """
    here, user, group = os.getcwd(), os.getuid(), os.getgid()
    try:
        _call("unshare", _NEW_MOUNTS)
    except PermissionError:
        _call("unshare", _NEW_USERS | _NEW_MOUNTS)
        # The same user as outside: files belong to whom they belonged.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    # What the machine mounts later is still seen here; what is mounted here is not seen there.
    _mount("none", "/", None, _RECURSIVE | _SLAVE)
    _mount("tmpfs", str(mount_point), "tmpfs", 0, "mode=0755")
    os.chdir(mount_point)
    os.mkdir(".machine")
    _call("pivot_root", b".", b"./.machine")
    os.chdir("/")
    for entry in os.scandir("/.machine"):
        target = f"/{entry.name}"
        if target in folders or entry.name == ".machine":
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
            continue
        if entry.is_dir():
            os.mkdir(target)
        else:
            Path(target).touch()
        _mount(entry.path, target, None, _BIND | _RECURSIVE)
    for name, folder in folders.items():
        os.mkdir(name)
        _mount(f"/.machine{folder}", name, None, _BIND)
    _call("umount2", b"/.machine", _DETACH)
    os.rmdir("/.machine")
    os.chdir(here)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    _call("mount", *encoded[:3], ctypes.c_ulong(flags), encoded[3])


def _call(name: str, *arguments: object) -> None:
    """Calls a function of the C library that answers 0.

    Raises:
        OSError: it did not.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
