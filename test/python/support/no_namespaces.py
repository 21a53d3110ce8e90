"""Runs a command on a machine that admits no namespaces: `python no_namespaces.py COMMAND...`.

A filter of the kernel refuses the call, as that of a container does.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

UNSHARE = {"x86_64": 272, "aarch64": 97}
NO_NEW_PRIVILEGES, SET_FILTER, FILTER_MODE = 38, 22, 2
# Load the call's number; if it is the one, answer "not permitted"; otherwise allow it.
PROGRAM = [
    (0x20, 0, 0, 0),
    (0x15, 0, 1, UNSHARE[platform.machine()]),
    (0x06, 0, 0, 0x00050001),
    (0x06, 0, 0, 0x7FFF0000),
]


class Filter(ctypes.Structure):
    """What the kernel takes: how many instructions, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


if __name__ == "__main__":
    library = ctypes.CDLL(None, use_errno=True)
    instructions = b"".join(struct.pack("HBBI", *instruction) for instruction in PROGRAM)
    if library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.prctl(
        SET_FILTER, FILTER_MODE, ctypes.byref(Filter(len(PROGRAM), instructions)), 0, 0
    ):
        sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])
