"""Random damage to drops: to their names, their bytes and their values."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

from drop_bench import HEADER, reading

NASTY = (
    *(
        "",
        " ",
        "\x00",
        "\t",
        "NaN",
        "-inf",
        "1e400",
        "98F",
        "180d",
        "0x1.0p7",
        "1_000",
        "1,5",
        "١٢",
        "é",
        "\ud7ff",
        "null",
        "NULL",
        "\\N",
    ),
    *(
        "99999999999999999999",
        "-0",
        "1e-400",
        "0001-01-01 00:00:00",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59-18:00",
    ),
    *(
        "-2015-11-02 01:00:00",
        "999999-01-01 00:00:00",
        "T01:00:00.0000000000",
        "2015-11-02 01:00:00 BST",
        "2015-11-02 25:00:00",
    ),
    *(
        '"',
        '""',
        '"a',
        'a"b',
        "'",
        "=1+1",
        "{{x}}",
        "${x}",
        "%s",
        "\u202e",
        "\ufeff",
        "x" * 5000,
        "2015-11-02 01:00:00 Mars/Olympus",
    ),
)
ODD = "_.*?[]{}\\/:;#%&+ '\"\n\t\x01é温\u202e~^$!@=,"
DAYS = (
    "0000-00-00",
    "0001-01-01",
    "0001-01-01_9999-12-31",
    "1582-10-10",
    "1969-12-31",
    "2015-02-30",
    "2051-11-04",
    "9999-12-31",
    "latest",
)


def lines(day: int) -> list[str]:
    """A header and five readings of machine 2, which no good file mentions."""
    return [HEADER, *(reading(f"2015-11-{day:02d} {hour:02d}:00:00", 2, 150 + hour) for hour in range(1, 6))]


def strange_name(chance: random.Random, day: str) -> str:
    """A drop path with a folder or a stem that no one expects; or with an impossible day."""
    if chance.random() < 0.3:
        return f"telemetry/{chance.choice(DAYS)}.csv"
    odd = "".join(chance.choices(ODD, k=chance.randint(1, 12)))
    return chance.choice(
        (
            f"telemetry/{odd}/{day}.csv",
            f"telemetry/{odd}{day}.csv",
            f"telemetry/{'x' * 300}{odd}/{day}.csv",
            f"telemetry/{day}.csv/{day}.csv",
        )
    )


def strange_values(chance: random.Random, rows: list[str]) -> bytes:
    """Some cells replaced, header included now and then."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(0 if chance.random() < 0.1 else 1, len(rows))
        cells = rows[place].split(",")
        cells[chance.randrange(len(cells))] = chance.choice(NASTY)
        rows[place] = ",".join(cells)
    return chance.choice(("\n", "\r\n", "\r")).join(rows).encode("utf-8", "surrogatepass")


def flipped(chance: random.Random, data: bytes) -> bytes:
    """Some bits turned over."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end, the beginning or a middle part is lost."""
    first, last = sorted(chance.randrange(len(data)) for _ in range(2))
    return chance.choice((data[:last], data[first:], data[:first] + data[last:]))


def stuffed(chance: random.Random, data: bytes) -> bytes:
    """Something is put in, or follows."""
    extra = chance.choice(
        (bytes(100), b"\xff\xfe", b"\x1f\x8b", b'"', b'"\n', chance.randbytes(200), b"," * 3000, b"x" * 1_000_000, data)
    )
    place = chance.choice((0, len(data), chance.randrange(len(data))))
    return data[:place] + extra + data[place:]


def otherwise_encoded(chance: random.Random, data: bytes) -> bytes:
    """Another encoding, whole or with a byte too few."""
    found = data.decode().encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037")))
    return found[: len(found) - chance.randint(0, 1)]


BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (flipped, cut, stuffed, otherwise_encoded)


def damaged(seed: int, day: int) -> tuple[str, bytes]:
    """One damaged drop named after a day of November 2015."""
    chance = random.Random(seed)
    kind, name = seed % 3, f"2015-11-{day:02d}"
    rows = lines(day)
    if kind == 0:
        return strange_name(chance, f"{name}-{seed}"[: 10 if chance.random() < 0.7 else 20]), "\n".join(rows).encode()
    if kind == 1:
        return f"telemetry/{seed}/{name}.csv", strange_values(chance, rows)
    data = "\n".join(rows).encode()
    if chance.random() < 0.5:
        return f"telemetry/{seed}/{name}.csv", chance.choice(BYTES)(chance, data)
    if chance.random() < 0.5:
        return f"telemetry/{seed}/{name}.csv.gz", chance.choice(BYTES[:3])(chance, gzip.compress(data, mtime=0))
    return f"telemetry/{seed}/{name}.csv.gz", gzip.compress(chance.choice(BYTES)(chance, data), mtime=0)
