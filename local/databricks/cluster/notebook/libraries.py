"""Python libraries of one run: what its task names, and what `%pip` installs. Other runs and the shared installation
never see them.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from cluster.folders.places import Places
from cluster.notebook.programs import run_program

# Colours, cursor moves and links, which FORCE_COLOR makes pip and build backends write even into a pipe.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


class LibraryInstallationError(Exception):
    """Raised when pip could not install what a task or a notebook asks for; carries its last error, or last line."""


class RunLibraries:
    """A Python environment in `folder`; its packages, in `packages`, come before the shared ones."""

    def __init__(self, folder: Path, places: Places, warn: Callable[[str], None]) -> None:
        self._folder, self._places, self._warn = folder, places, warn
        self.packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
        self.packages.mkdir(parents=True)
        sys.path.insert(0, str(self.packages))
        # A pip that a shell or a program of the notebook starts would change the shared installation, or the machine's
        # own.
        os.environ["PIP_TARGET"] = str(self.packages)

    def install_for_task(self, libraries: Sequence[Mapping[str, Any]]) -> None:
        """Installs what the shared installation lacks, and warns of what cannot be installed for one run.

        Raises:
            LibraryInstallationError: pip failed.
        """
        wanted: list[str] = []
        for library in libraries:
            arguments = self._pip_arguments(library)
            if arguments is None:
                kind = ", ".join(f"{key} {value}" for key, value in library.items())
                self._warn(f"libraries: {kind} is not installed: here only pypi, whl and requirements are")
            else:
                wanted += arguments
        if wanted:
            self.pip(["install", *wanted])

    def pip(self, arguments: Sequence[str]) -> None:
        """Runs pip in this environment; its output goes to standard output.

        Raises:
            LibraryInstallationError: it failed.
        """
        if not self._python().exists():
            self._make()
        command = [str(self._python()), "-m", "pip", *map(self._place, arguments)]
        environment = {**os.environ, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COLOR": "1"}
        environment.pop("PIP_TARGET", None)
        last = error = ""

        def plain(line: str) -> str:
            nonlocal last, error
            text = _TERMINAL_CODES.sub("", line)
            last = text.strip() or last
            error = last if last.lower().startswith("error:") else error
            return text

        code = run_program(command, environment, plain)
        if code:
            command_name = arguments[0] if arguments else ""
            raise LibraryInstallationError(f"pip {command_name} failed with exit code {code}: {error or last}")
        importlib.invalidate_caches()
        for name in self._outdated():
            self._warn(
                f"%pip: {name} is loaded in another version already, and this notebook process goes on with that"
            )

    def _make(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(self._folder)], check=True, stdin=subprocess.DEVNULL
        )
        # pip itself, and all that need not be installed again, comes from the shared installation.
        (self.packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
        os.environ["PATH"] = os.pathsep.join([str(self._python().parent), os.environ.get("PATH", "")])

    def _python(self) -> Path:
        return Path(sysconfig.get_path("scripts", "venv", {"base": str(self._folder)})) / "python"

    def _place(self, argument: str) -> str:
        if argument.startswith("dbfs:/"):
            return str(self._places.of_dbfs(argument)[0])
        return self._places.of_programs(argument) or argument

    def _pip_arguments(self, library: Mapping[str, Any]) -> list[str] | None:
        """What pip is to install for a library of the Jobs API: nothing when it is there; None for one that is not
        Python's.
        """
        if isinstance(library.get("whl"), str):
            return [library["whl"]]
        if isinstance(library.get("requirements"), str):
            return ["-r", library["requirements"]]
        pypi = library.get("pypi")
        if not isinstance(pypi, Mapping) or not isinstance(pypi.get("package"), str):
            return None
        if _is_installed(pypi["package"]):
            return []
        return [pypi["package"], *(["--index-url", str(pypi["repo"])] if pypi.get("repo") else [])]

    def _outdated(self) -> list[str]:
        """Packages of this environment of which the process has another one loaded."""
        names = {
            path.stem if path.suffix == ".py" else path.name
            for path in self.packages.iterdir()
            if path.suffix in ("", ".py")
        }
        files = {name: getattr(sys.modules.get(name), "__file__", None) for name in names}
        return sorted(name for name, file in files.items() if file and not Path(file).is_relative_to(self.packages))


def _is_installed(package: str) -> bool:
    try:
        wanted = Requirement(package)
        return not wanted.extras and wanted.url is None and version(wanted.name) in wanted.specifier
    except (InvalidRequirement, PackageNotFoundError):
        return False
