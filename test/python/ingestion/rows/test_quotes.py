"""Cells in quotes may hold line ends, and a stray quote opens nothing."""

from __future__ import annotations

import pytest
from drop_bench import HEADER, MACHINES, Bench, reading

NOTED = f"note,{HEADER}"


@pytest.mark.parametrize("staged_bytes", [1, 2**30], ids=["staged", "not staged"])
def test_a_line_inside_quotes_is_no_row(bench: Bench, staged_bytes: int) -> None:
    """In a file for each kind of line end. The middle line looks like a reading, but is a part of a note."""
    bench.staged_bytes = staged_bytes
    drops: dict[str, str | bytes] = {}
    rejected = []
    for day, end in ((13, "\n"), (14, "\r\n"), (15, "\r")):
        at = f"2015-11-{day}"
        lines = [
            NOTED,
            f"plain,{reading(f'{at} 01:00:00', volt=101)}",
            f'"seen{end}x,{reading(f"{at} 02:00:00", volt=199)}{end}again",{reading(f"{at} 03:00:00", volt=103)}',
            f'"two ""quoted""{end}{end}lines",{reading(f"{at} 04:00:00", volt=104)}',
            f"plain,{reading(f'{at} 05:00:00', volt='x')}",
            f'"bad{end}one",{reading(f"{at} 05:00:00", volt="y")}',
        ]
        drops[f"telemetry/{at}.csv"] = end.join(lines) + end
        rejected += [
            (f"telemetry/{at}.csv", 9, "wrong_type:volt", lines[4]),
            (f"telemetry/{at}.csv", 10, "wrong_type:volt", lines[5]),
        ]
    bench.ingest({"machines/2015-11-15.csv": MACHINES, **drops})
    assert bench.rows("telemetry", "day(ts)", "hour(ts)", "volt") == [
        (day, hour, 100.0 + hour) for day in (13, 14, 15) for hour in (1, 3, 4)
    ]
    assert sorted(bench.rows("quarantine", "source_path", "line", "rule", "raw")) == rejected


def test_a_quote_counts_where_it_opens_a_cell_and_is_closed(bench: Bench) -> None:
    open_ = [
        f'"open,{reading("2015-11-15 01:00:00")}',
        *(f"x,{reading(f'2015-11-15 {hour:02d}:00:00')}" for hour in (2, 3)),
    ]
    machines = (
        'machineID,note,model,age\r\n1,5" pipe and 6" pipe,model1,5\r\n2,"a\r\nb, '
        '""c""",model3,18\r\n3,x,"model\n4",2\r\n'
    )
    machines += "4,x,model4\u2028,3\r\n"
    bench.ingest({"machines/2015-11-15.csv": machines, "telemetry/2015-11-15.csv": "\n".join([NOTED, *open_])})
    assert bench.rows("telemetry", "hour(ts)") == [(2,), (3,)]
    assert bench.rows("machines", "machine_id") == [(1,), (2,)]
    assert sorted(bench.rows("quarantine", "source", "line", "rule", "raw")) == [
        ("machines", 5, "model_code", '3,x,"model\n4",2'),
        ("machines", 7, "model_code", "4,x,model4\u2028,3"),
        ("telemetry", 2, "malformed", open_[0]),
    ]
