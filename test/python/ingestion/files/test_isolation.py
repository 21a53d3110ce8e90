"""One file that breaks the work of its batch in a way that no rule knows: it is found and set aside; other faults are
not taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from drop_bench import FIRST, MACHINES, Bench, frozen_path, reading, telemetry
from pyspark.errors import AnalysisException
from pyspark.sql import functions as sf

from batchkeeper.contract.manifest import ManifestFile
from batchkeeper.errors import BatchkeeperError, RuleFailedError
from batchkeeper.ingestion import inspection, one_source
from batchkeeper.ingestion.files.header import ProbedFile
from batchkeeper.ingestion.files.isolation import MAX_LOOKS, Isolation, may_be_a_file, reason_of
from batchkeeper.ingestion.rows import lines

FLEET = {"machines/2015-11-01.csv": MACHINES}
DAYS = {
    f"telemetry/2015-11-{day:02d}.csv": telemetry(reading(f"2015-11-{day:02d} 01:00:00", volt=100 + day))
    for day in range(1, 14)
}
BAD = "telemetry/2015-11-05.csv"


def probed(name: str) -> ProbedFile:
    return ProbedFile(ManifestFile(name, "telemetry", Path(f"/{name}"), "0x1", 1, FIRST), Path(f"/{name}"), header="a")


def check_of(bad: set[str], looks: list[int]) -> Callable[[Sequence[ProbedFile]], None]:
    def check(files: Sequence[ProbedFile]) -> None:
        looks.append(len(files))
        if found := bad & {file.file.path for file in files}:
            raise ArithmeticError(f"{sorted(found)[0]} is bad")

    return check


@pytest.mark.parametrize("bad", [{"7"}, {"0", "99"}, {"3", "4", "5", "50"}], ids=["one", "two", "four"])
def test_bad_files_are_found_by_halves(bad: set[str]) -> None:
    files, looks = [probed(str(number)) for number in range(100)], list[int]()
    found = Isolation().bad_files(files, check_of(bad, looks), probed("sound"), ArithmeticError())
    assert {file.file.path: why for file, why in found} == {name: f"{name} is bad" for name in bad}
    assert len(looks) <= 2 + 2 * 7 * len(bad)


def test_work_that_fails_without_rows_fails_through_no_file() -> None:
    error, looks = ArithmeticError("a rule divides by nothing"), list[int]()
    with pytest.raises(ArithmeticError, match="divides by nothing"):
        Isolation().bad_files([probed("a"), probed("b")], check_of({"a", "b", "sound"}, looks), probed("sound"), error)
    assert looks == [1]


def test_a_fault_that_does_not_come_again_blames_nobody() -> None:
    assert Isolation().bad_files([probed("a")], check_of(set(), []), probed("sound"), ArithmeticError()) == []


def test_looks_are_bounded() -> None:
    files = [probed(str(number)) for number in range(1000)]
    with pytest.raises(BatchkeeperError, match=f"more than {MAX_LOOKS} looks") as raised:
        Isolation().bad_files(
            files, check_of({file.file.path for file in files}, []), probed("sound"), ArithmeticError("the first")
        )
    assert str(raised.value.__cause__) == "the first"


@pytest.mark.parametrize(
    "error",
    [
        OSError("the volume is gone"),
        MemoryError(),
        RuleFailedError("telemetry: rows break rules of severity fail"),
        RuntimeError("java.net.ConnectException: Connection refused"),
        RuntimeError("Job aborted: java.lang.OutOfMemoryError: Java heap space"),
        RuntimeError("Job 7 cancelled because SparkContext was shut down"),
    ],
    ids=repr,
)
def test_faults_of_the_platform_are_raised_without_a_search(error: Exception) -> None:
    looks: list[int] = []
    assert not may_be_a_file(error)
    with pytest.raises(type(error)):
        Isolation().bad_files([probed("a")], check_of({"a"}, looks), probed("sound"), error)
    assert looks == []


def test_the_reason_is_the_last_cause_without_its_stack() -> None:
    outer = RuntimeError("Exception thrown in awaitResult: ")
    outer.__cause__ = ValueError(
        "Job aborted\n\tat org.Scheduler.run(Scheduler.java:1)\nCaused by: java.io.IOException: not a gzip "
        "file\n\tat x.y"
    )
    assert reason_of(outer) == "java.io.IOException: not a gzip file"


def breaking_on(path: str) -> Callable[..., object]:
    """The rows as they are read, but Spark fails on those of one file, as a reader fails that meets bytes it cannot
    take.
    """
    read = lines.typed_cells

    def typed(*arguments: object) -> object:
        rows = read(*arguments)
        day = path[-6:-4]
        if "volt" not in rows.columns:
            return rows
        return rows.withColumn(
            "volt", sf.expr(f"IF(raw LIKE '2015-11-{day}%', raise_error('cannot take this byte'), volt)")
        )

    return typed


@pytest.mark.parametrize("staged_bytes", [1, 2**30], ids=["staged", "not staged"])
def test_the_file_that_spark_cannot_read_is_set_aside_with_its_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, staged_bytes: int
) -> None:
    bench.staged_bytes = staged_bytes
    monkeypatch.setattr(lines, "typed_cells", breaking_on(BAD))
    result = bench.ingest({**FLEET, **DAYS})
    assert result["counts"]["filesQuarantined"] == 1
    assert result["counts"]["rowsAccepted"] == len(DAYS) - 1 + 2
    ((path, line, rule, raw),) = bench.rows("quarantine", "source_path", "line", "rule", "raw")
    assert (path, line, rule) == (BAD, 0, "unreadable")
    assert raw.startswith(f"{BAD}: ")
    assert "cannot take this byte" in raw
    assert "awaitResult" not in raw
    assert any(BAD in warning and "cannot take this byte" in warning for warning in result["warnings"])


def test_a_file_that_spark_does_not_list_never_counts_as_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hidden name gets past the probe: Spark lists nothing of it, and says nothing either."""
    monkeypatch.setattr("batchkeeper.ingestion.files.probe._under_plain_name", lambda found, *_: found)
    hidden = "telemetry/_2015-11-05.csv"
    result = bench.ingest({**FLEET, **DAYS, hidden: telemetry(reading("2015-11-05 02:00:00"))}, in_place=True)
    assert result["counts"]["filesQuarantined"] == 1
    assert len(bench.rows("telemetry", "ts")) == len(DAYS)
    ((path, rule, raw),) = bench.rows("quarantine", "source_path", "rule", "raw")
    assert (path, rule, raw) == (hidden, "unreadable", f"{hidden}: Spark lists nothing of {hidden}")


def test_an_error_after_rows_were_stored_is_raised(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving a file out is no longer possible: a repetition of the run does the rest."""
    store = one_source.store

    def storing(*arguments: object) -> object:
        store(*arguments)
        raise ArithmeticError("after the rows")

    parameters = bench.freeze({**FLEET, **DAYS})
    with monkeypatch.context() as patched:
        patched.setattr(one_source, "store", storing)
        with pytest.raises(ArithmeticError, match="after the rows"):
            bench.run(parameters)
    assert bench.run(parameters)["counts"]["filesRead"] == len(DAYS) + 1


def test_a_file_that_vanishes_is_the_storage_and_not_the_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the probe: no file is set aside, and the run that is repeated once the storage is well stores every row."""
    parameters = bench.freeze({**FLEET, **DAYS})
    frozen = bench.volume / frozen_path(parameters.run_id, BAD)
    content = frozen.read_bytes()
    look = inspection.probe_all

    def probe_and_lose(*arguments: object) -> object:
        found = look(*arguments)
        frozen.unlink()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(inspection, "probe_all", probe_and_lose)
        with pytest.raises(AnalysisException, match="PATH_NOT_FOUND"):
            bench.run(parameters)
    frozen.write_bytes(content)
    assert bench.run(parameters)["counts"]["filesRead"] == len(DAYS) + 1
