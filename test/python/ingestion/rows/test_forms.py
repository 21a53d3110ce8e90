"""Shapes that a file may have, and what is wrong with rows; many in one batch where they do not disturb each other."""

from __future__ import annotations

import codecs
import gzip
from datetime import UTC, datetime

from drop_bench import HEADER, MACHINES, Bench, reading, telemetry

QUOTED = '","'


def day(number: int) -> str:
    return f"2015-11-{number:02d}"


def volts(bench: Bench) -> dict[str, float]:
    return {str(hour): volt for hour, volt in bench.rows("telemetry", "date_format(ts, 'dd')", "volt")}


def test_every_readable_shape(bench: Bench) -> None:
    """Each file holds one reading whose voltage tells which file it was."""
    plain = telemetry(reading(f"{day(3)} 01:00:00", volt=103))
    result = bench.ingest(
        {
            "machines/2015-11-01.csv": MACHINES,
            "telemetry/2015-11-01.csv": "vibration,pressure,rotate,volt,machineID,datetime\n"
            f"40.5,100,450,101,1,{day(1)} 01:00:00\n",
            "telemetry/2015-11-02.csv": HEADER.replace(",", ";") + f"\n{day(2)} 01:00:00;1;102;450;100;40.5",
            "telemetry/2015-11-03.csv": codecs.BOM_UTF8 + plain.encode(),
            "telemetry/2015-11-04.csv": plain.replace(day(3), day(4)).replace("103", "104").encode("utf-16"),
            "telemetry/2015-11-05.csv.gz": gzip.compress(telemetry(reading(f"{day(5)} 01:00:00", volt=105)).encode()),
            "telemetry/2015-11-06.csv": (
                f'"{HEADER.replace(",", QUOTED)}"\r\n"{day(6)}T01:00:00Z","1"," 106 ","450","100","40.5"\r\n'
            ),
            "telemetry/2015-11-07.csv": f'note,{HEADER}\n"a, ""b"", c",{reading(f"{day(7)} 01:00:00", volt=107)}\n',
            "telemetry/2015-11-08.csv": f"\n{telemetry(reading(f'{day(8)} 03:00:00+02:00', volt=108))}\n\n",
            "telemetry/2015-11-09 a%20b+c.csv": telemetry(reading(f"{day(9)} 01:00:00", volt=109)),
            "telemetry/2015-11-10.csv": b"",
            "telemetry/2015-11-11.csv": telemetry(),
            # Two members, as joined gzip files have.
            "telemetry/2015-11-12.csv.gz": gzip.compress(f"{HEADER}\n".encode())
            + gzip.compress(f"{reading(f'{day(12)} 01:00:00', volt=112)}\n".encode()),
        }
    )
    assert volts(bench) == {f"{number:02d}": 100.0 + number for number in (*range(1, 10), 12)}
    assert set(bench.rows("telemetry", "date_format(ts, 'HH:mm')")) == {("01:00",)}
    assert result["counts"] == {
        "filesListed": 13,
        "filesRead": 13,
        "filesQuarantined": 0,
        "rowsRead": 12,
        "rowsAccepted": 12,
        "rowsQuarantined": 0,
        "rowsDuplicate": 0,
    }
    assert any("2015-11-07" in warning and "unknown_column" in warning for warning in result["warnings"])
    assert any("a%20b+c" in warning and "undated_name" in warning for warning in result["warnings"])


def test_broken_files_go_to_quarantine_and_the_rest_goes_on(bench: Bench) -> None:
    packed = gzip.compress(
        telemetry(*(reading(f"{day(2)} {hour:02d}:00:00", volt=150 + hour / 7) for hour in range(7))).encode()
    )
    result = bench.ingest(
        {
            "machines/2015-11-01.csv": MACHINES,
            "telemetry/2015-11-01.csv": telemetry(reading(f"{day(1)} 01:00:00", volt=101)),
            "telemetry/2015-11-02.csv.gz": packed[:-20],
            "telemetry/2015-11-03.csv": f"datetime,machineID,volt,rotate,pressure\n{day(3)} 01:00:00,1,170,450,100\n",
            "telemetry/2015-11-04.csv.gz": telemetry(reading(f"{day(4)} 01:00:00")),
            "telemetry/2015-11-05.csv": packed,
            "telemetry/2015-11-06.csv": f"volt,{HEADER}\n1,{reading(f'{day(6)} 01:00:00')}\n",
            "telemetry/2015-11-07.csv": "datetime,machineID,volt\u00e9".encode("latin-1"),
            "weather/2015-11-08.csv": "a,b\n1,2\n",
        }
    )
    assert volts(bench) == {"01": 101.0}
    assert result["counts"]["filesQuarantined"] == 7
    assert result["counts"]["filesRead"] == 2
    found = {path: rule for path, rule, line in bench.rows("quarantine", "source_path", "rule", "line") if line == 0}
    assert found == {
        "telemetry/2015-11-02.csv.gz": "truncated_gzip",
        "telemetry/2015-11-03.csv": "missing_column",
        "telemetry/2015-11-04.csv.gz": "not_gzip",
        "telemetry/2015-11-05.csv": "unexpected_gzip",
        "telemetry/2015-11-06.csv": "ambiguous_column",
        "telemetry/2015-11-07.csv": "encoding",
        "weather/2015-11-08.csv": "unknown_source",
    }
    raw = dict(bench.rows("quarantine", "source_path", "raw"))
    assert "vibration" in raw["telemetry/2015-11-03.csv"]


BAD_LINES = {
    3: ("2015-11-15 02:00:00,1,1O2,450,100,40", "wrong_type:volt"),
    4: ("2015-11-15 02:00:00,1,,450,100,40", "missing_value:volt"),
    5: ("2015-11-15 02:00:00,1,NaN,450,100,40", "not_finite:volt"),
    6: ("2015-11-15 02:00:00,1,170,Infinity,100,40", "not_finite:rotate"),
    7: ("2015-11-15 02:30:00,1,170,450,100,40", "off_the_hour"),
    8: ("2015-11-15 02:00:00,77,170,450,100,40", "unknown_machine"),
    9: ("2015-11-15 02:00:00,1,170,450,100", "malformed"),
    10: ("2015-11-15 02:00:00,1,170,450,100,40,9", "malformed"),
    11: ("2015-11-15 02:00:00,1,170,450,5000,40", "pressure_range"),
    12: ("2015-11-15 02:00:00,1,0,450,100,40", "impossible_zero"),
    13: ("2015,1,170,450,100,40", "wrong_type:ts"),
    14: ("2025-11-15 02:00:00,1,170,450,100,40", "in_the_future"),
    15: ("2015-11-15 02:00:00,1.5,170,450,100,40", "wrong_type:machine_id"),
    16: ('2015-11-15 02:00:00,1,170,450,100,"40', "malformed"),
}


def test_each_bad_row_is_kept_with_line_rule_and_raw_text(bench: Bench) -> None:
    lines = [
        "",
        reading("2015-11-15 01:00:00"),
        *(text for text, _ in BAD_LINES.values()),
        reading("2015-11-15 03:00:00"),
    ]
    # Line 1 is the header, so that the blank line is line 2 and the first bad one stands on line 4.
    result = bench.ingest({"machines/2015-11-15.csv": MACHINES, "telemetry/2015-11-15.csv": telemetry(*lines[1:])})
    found = {line: (raw, rule) for line, raw, rule in bench.rows("quarantine", "line", "raw", "rule")}
    assert found == BAD_LINES
    assert result["counts"]["rowsQuarantined"] == len(BAD_LINES)
    assert result["counts"]["rowsAccepted"] == 2 + 2
    assert len(bench.rows("telemetry", "ts")) == 2


def test_bytes_that_are_no_utf8_reject_their_row_alone(bench: Bench) -> None:
    bench.staged_bytes = 1
    content = f"{HEADER},note\n{reading()},caf".encode() + b"\xe9\n" + f"{reading('2015-11-15 02:00:00')},ok\n".encode()
    bench.ingest({"machines/2015-11-15.csv": MACHINES, "telemetry/2015-11-15.csv": content})
    assert bench.rows("quarantine", "line", "rule") == [(2, "not_utf8")]
    assert len(bench.rows("telemetry", "ts")) == 1


def test_line_numbers_over_many_blocks_and_files(bench: Bench) -> None:
    """Files that Spark cuts into several blocks: the line must count from the start of the file."""
    bench.staged_bytes, bench.modified = 1, datetime(2015, 11, 28, 6, tzinfo=UTC)
    spark = bench.tables.spark
    good = [
        reading(f"2015-11-{day_:02d} {hour:02d}:00:00", volt=100 + hour + day_ / 100)
        for day_ in range(1, 15)
        for hour in range(24)
    ]
    spark.conf.set("spark.sql.files.maxPartitionBytes", "2000")
    try:
        first, second = list(good), list(reversed(good))
        first[300], second[17], second[310] = "x,1,1,1,1,1", "y,1,1,1,1,1", "z,1,1,1,1,1"
        bench.ingest(
            {
                "machines/2015-11-28.csv": MACHINES,
                "telemetry/2015-11-01_2015-11-28.csv": telemetry(*first),
                "telemetry/2015-11-02_2015-11-28.csv": telemetry(*second),
            }
        )
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert bench.rows("quarantine", "raw", "line") == [("x,1,1,1,1,1", 302), ("y,1,1,1,1,1", 19), ("z,1,1,1,1,1", 312)]


def test_empty_fleet_judges_no_machine(bench: Bench) -> None:
    result = bench.ingest({"telemetry/2015-11-15.csv": telemetry(reading())})
    assert result["counts"]["rowsAccepted"] == 1
    assert "watermark" not in result
    assert "machines: no file at all" in result["warnings"]
