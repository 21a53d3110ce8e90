"""`dbutils.widgets`: the parameters of a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class InputWidgetNotDefined(Exception):
    """Raised when a notebook reads a widget that nobody passed or declared; named as on Databricks."""


class Widgets:
    """Declared defaults and passed values; a passed value beats the default. All values are strings."""

    def __init__(self, passed: Mapping[str, str]) -> None:
        self._passed = dict(passed)
        self._declared: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:
        """Declares a text widget."""
        self._declared[name] = str(defaultValue)

    def dropdown(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Declares a widget with fixed choices, of which the default must be one."""
        if defaultValue not in choices:
            raise ValueError(f"widget {name}: the default {defaultValue!r} is not among the choices {list(choices)}")
        self._declared[name] = str(defaultValue)

    def combobox(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Declares a widget with proposed choices."""
        self._declared[name] = str(defaultValue)

    def multiselect(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Declares a widget whose value is a comma-separated list."""
        self.dropdown(name, defaultValue, choices, label)

    def get(self, name: str) -> str:
        """The value of a widget.

        Raises:
            InputWidgetNotDefined: it was neither passed nor declared.
        """
        if name in self._passed:
            return self._passed[name]
        if name in self._declared:
            return self._declared[name]
        raise InputWidgetNotDefined(f"No input widget named {name} is defined")

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:
        """The value of a widget, or the given default when there is none."""
        try:
            return self.get(name)
        except InputWidgetNotDefined:
            if defaultValue is None:
                raise
            return defaultValue

    def getAll(self) -> dict[str, str]:
        """All values by name."""
        return {**self._declared, **self._passed}

    def remove(self, name: str) -> None:
        """Takes back a declaration."""
        self._declared.pop(name, None)

    def removeAll(self) -> None:
        """Takes back all declarations."""
        self._declared.clear()

    @contextmanager
    def overridden(self, passed: Mapping[str, str]) -> Iterator[None]:
        """Values for the notebook that `%run` includes; afterwards the old ones hold again."""
        before = self._passed
        self._passed = {**before, **passed}
        try:
            yield
        finally:
            self._passed = before
