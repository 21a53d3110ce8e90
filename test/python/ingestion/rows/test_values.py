"""A text is read as what it says or not at all: numbers and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from drop_bench import MACHINES, Bench, reading, telemetry

DELIVERED = datetime(2015, 11, 16, tzinfo=UTC)
FLEET = {"machines/2015-11-15.csv": MACHINES}
DAY = "telemetry/2015-11-15.csv"
WRONG_NUMBERS = (
    "98F",
    "180d",
    "1e2D",
    "0x1.0p7",
    "+0x1p7",
    "-0X1P7",
    "1_80",
    "1 80",
    "0b1",
    "1,8"[:1] + "\u0660",
    "180\x00",
    "\t180",
)


NOT_FINITE = ("NaN", "Infinity", "-inf", "1e999")
WRONG_WHOLE = ("1d", "0x1", "1e0", "1.0", "\x001", "1L", "99999999999")
NUMBERS = {
    "180": 180.0,
    "180.5": 180.5,
    "+180.5": 180.5,
    "1.8e2": 180.0,
    "18000E-2": 180.0,
    "180.": 180.0,
    "0180": 180.0,
}
WRONG_TIMES = (
    "T01:00:00.0000000",
    "01:00:00.0000000Z",
    "01:00:00.0000000000",
    "01:00:00.000 +06:00",
    "2015-11-15 12:00:00 BST",
    "2015-11-15 12:00:00 AST",
    "2015-11-15 01:00:00EST",
    "2015-11-8 1:0:0 BST",
    "2015-11-15 01:00 PST",
    "2015-11-15",
    "2015-11-15T",
    "2015",
    "+2015-11-15 01:00:00",
    "12015-11-15 01:00:00",
    "20151115 01:00:00",
    "2015-11-31 01:00:00",
    "2015-11-15 24:00:00",
    "2015-11-15 01:00:00 Mars/Olympus",
    "2015-11-15 01:00:00+25:00",
    "2015-11-15 01:00:00 GMT+1",
    # The clocks are put back at three, so that this hour comes twice; in March they leave one out.
    "2015-10-25 02:30:00 Europe/Berlin",
    "2015-03-29 02:30:00 Europe/Berlin",
    "2015-04-05 01:45:00 Australia/Lord_Howe",
)


TIMES = {
    "2015-11-15 01:00:00": 1,
    "2015-11-15T02:00:00": 2,
    "2015-11-15 03:00": 3,
    "2015-11-15T04:00:00Z": 4,
    "2015-11-15T07:00:00+02:00": 5,
    "2015-11-15 01:00:00.000-0500": 6,
    "2015-11-15 08:00:00 Europe/Berlin": 7,
    "2015-11-15 08:00:00.0000000": 8,
    "2015-11-15T09:00:00.000000Z": 9,
    "2015-11-15 10:00:00 UTC": 10,
    "2015-11-15 08:00:00-03": 11,
    "2015-11-15 12:00:00 GMT": 12,
    "2015-11-15 10:00:00 America/Argentina/Buenos_Aires": 13,
}
DISTANT_TIMES = (
    "0000-01-01 00:00:00",
    "0001-01-01 00:00:00",
    "1583-01-01 00:00:00",
    "1970-01-01 00:00:00",
    "9999-12-31 23:00:00-18:00",
)


def quarantined(bench: Bench) -> dict[str, str]:
    return {str(raw): rule for raw, rule in bench.rows("quarantine", "raw", "rule")}


def test_numbers_are_plain_decimals(bench: Bench) -> None:
    """The large file is of plain numbers alone, so that no pattern is asked for them; the other one is not."""
    good = [reading(f"2015-11-14 {hour:02d}:00:00", volt=text) for hour, text in enumerate(NUMBERS)]
    plain = [line for line in good if "e" not in line.lower()]
    wrong = [reading(volt=text) for text in WRONG_NUMBERS]
    strange = [reading(volt=text) for text in NOT_FINITE]
    machines = [f"2015-11-15 01:00:00,{text},170,450,100,40" for text in WRONG_WHOLE]
    bench.ingest(
        {
            **FLEET,
            DAY: telemetry(*good, *wrong, *strange, *machines),
            "telemetry/2015-11-14.csv": telemetry(*plain, "x"),
        }
    )
    assert [volt for _, volt in bench.rows("telemetry", "ts", "volt")] == list(NUMBERS.values())
    assert quarantined(bench) == {
        **dict.fromkeys(wrong, "wrong_type:volt"),
        **dict.fromkeys(strange, "not_finite:volt"),
        **dict.fromkeys(machines, "wrong_type:machine_id"),
        "x": "malformed",
    }


def test_times_name_their_day_and_no_ambiguous_zone(bench: Bench) -> None:
    """In three files: plain, in quotes, and of plain bytes alone."""
    plain = re.compile(r"[-0-9+.:TZ ]+")
    files = {}
    for place, (mark, wanted) in enumerate((("", re.compile(".*")), ('"', re.compile(".*")), ("", plain))):
        lines = [
            reading(f"{mark}{text}{mark}", volt=100 + hour + 50 * place)
            for text, hour in TIMES.items()
            if wanted.fullmatch(text)
        ]
        wrong = [reading(f"{mark}{text}{mark}", volt=99 + 50 * place) for text in WRONG_TIMES if wanted.fullmatch(text)]
        files[f"telemetry/{place}/2015-11-15.csv"] = telemetry(*lines, *wrong)
    bench.modified = DELIVERED
    result = bench.ingest({**FLEET, **files})
    history = [(volt,) for (volt,) in bench.rows("history", "CAST(get_json_object(row_values, '$.volt') AS DOUBLE)")]
    found = sorted(volt for (volt,) in [*bench.rows("telemetry", "volt"), *history])
    of_plain_bytes = [hour for text, hour in TIMES.items() if plain.fullmatch(text)]
    assert found == sorted(
        100.0 + hour + 50 * place
        for place, hours in enumerate((TIMES.values(), TIMES.values(), of_plain_bytes))
        for hour in hours
    )
    assert set(bench.rows("telemetry", "volt % 50 = hour(ts) AND day(ts) = 15")) == {(True,)}
    assert {rule for (rule,) in bench.rows("quarantine", "rule")} == {"wrong_type:ts"}
    assert result["counts"]["rowsQuarantined"] == 2 * len(WRONG_TIMES) + sum(
        1 for text in WRONG_TIMES if plain.fullmatch(text)
    )


@pytest.mark.parametrize("staged_bytes", [1, 2**30], ids=["staged", "not staged"])
def test_times_no_calendar_of_ours_holds_reject_their_row_alone(bench: Bench, staged_bytes: int) -> None:
    bench.staged_bytes = staged_bytes
    wrong = [reading(text) for text in DISTANT_TIMES]
    repair = f"{DISTANT_TIMES[3]},1,comp1"
    maint = {"maint/2015-11-15.csv": f"datetime,machineID,comp\n{repair}\n"}
    result = bench.ingest({**FLEET, DAY: telemetry(reading(), *wrong), **maint})
    assert bench.rows("telemetry", "string(ts)") == [("2015-11-15 01:00:00",)]
    assert bench.rows("maint", "ts") == []
    assert result["counts"]["rowsQuarantined"] == len(wrong) + 1
    found = quarantined(bench)
    assert found[wrong[1]] == found[wrong[3]] == found[repair] == "out_of_range:ts"
