"""Finds the file that makes the work on a delivery fail, so that its neighbours need not fail with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from batchkeeper.errors import BatchkeeperError
from batchkeeper.ingestion.files.header import ProbedFile

# Looks at single files and at halves of a delivery, for all sources of a run.
MAX_LOOKS = 500

# Marks of a lost driver, a full disk, a storage service in trouble, or another writer: trying again helps, leaving a
# file out does not.
_PLATFORM = re.compile(
    r"OutOfMemoryError|SparkContext (?:was|has been) shut ?down|stopped SparkContext|ExecutorLost"
    r"|JOB_CANCELLED|Job \d+ cancelled"
    r"|No space left on device|Too many open files|ConnectException|SocketTimeout|SocketException"
    r"|UnknownHost|SSLException|TimeoutException"
    r"|AbfsRestOperation|StorageException|AccessDenied|FileNotFoundException|FILE_NOT_EXIST|PATH_NOT_FOUND|InterruptedException|DELTA_CONCURRENT"
    r"|Connection (?:refused|reset)|Py4JNetworkError"
)
_FRAME = re.compile(r"\n\s+(?:at |\.\.\. \d+ more).*")
_CAUSED_BY = re.compile(r"\nCaused by: ")
_MAX_REASON = 1000

Check = Callable[[Sequence[ProbedFile]], object]


@dataclass
class Isolation:
    """Looks for bad files; `looks` says how often it still may."""

    looks: int = MAX_LOOKS
    _lock: Lock = field(default_factory=Lock)

    def bad_files(
        self, files: Sequence[ProbedFile], check: Check, sound: ProbedFile, error: Exception
    ) -> list[tuple[ProbedFile, str]]:
        """The files that alone do not pass `check`, each with what went wrong, after work on all of them has failed
        with `error`.

        Args:
            sound: a file without rows. When it does not pass, no file is to blame.

        Raises:
            Exception: `error`, when it is not the files' fault.
        """
        if not may_be_a_file(error) or self._failure([sound], check):
            raise error
        try:
            return [(file, reason_of(why)) for file, why in self._search(files, check)]
        except BatchkeeperError as given_up:
            raise given_up from error

    def _search(self, files: Sequence[ProbedFile], check: Check) -> list[tuple[ProbedFile, Exception]]:
        """Halves the files until each that fails stands alone."""
        why = self._failure(files, check)
        if why is None:
            return []
        if len(files) == 1:
            return [(files[0], why)]
        half = len(files) // 2
        return self._search(files[:half], check) + self._search(files[half:], check)

    def _failure(self, files: Sequence[ProbedFile], check: Check) -> Exception | None:
        with self._lock:
            self.looks -= 1
            if self.looks < 0:
                raise BatchkeeperError(
                    f"more than {MAX_LOOKS} looks for files that cannot be read: more is wrong than some files"
                )
        try:
            check(files)
        except Exception as error:
            if not may_be_a_file(error):
                raise
            return error
        return None


def may_be_a_file(error: Exception) -> bool:
    """Whether the contents of a file may have caused the error: no finding of ours, nothing that the platform does."""
    texts = "\n".join(f"{type(part).__name__}: {part}" for part in _chain(error))
    return not isinstance(error, (BatchkeeperError, OSError, MemoryError)) and not _PLATFORM.search(texts)


def reason_of(error: Exception) -> str:
    """What went wrong in the end, without the stack and the wrappings around it."""
    last = _chain(error)[-1]
    text = _CAUSED_BY.split(_FRAME.sub("", str(last)))[-1].strip() or type(last).__name__
    return text[:_MAX_REASON]


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, outermost first."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        # pyspark keeps the cause inside the JVM in an attribute of its own.
        current = current.__cause__ or getattr(current, "_cause", None)
    return found
