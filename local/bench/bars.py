"""What is measured and how fast it must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A measure and its bar; `in_units` says that both are multiples of unit C."""

    name: str
    most: float | None
    in_units: bool = True
    suffix: str = " C"


INGEST = Bar("ingest the year", 3.3)
FEATURES = Bar("features of the year", 1.2)
TRAINING_SET = Bar("labels and training set", None)
TRAINING = Bar("training of 12 models", 8.0)
EVALUATION = Bar("evaluation and gate", None)
SCORE = Bar("score 47 days", 1.5)
NIGHT = Bar("one more night, a year stored", 2.0)
NIGHT_MONTH = Bar("one more night, a month stored", None)
NIGHT_RATIO = Bar("night with a year : with a month", 1.3, in_units=False, suffix="")
MEMORY = Bar("peak memory of the driver JVM", 6.0, in_units=False, suffix=" GiB")


@dataclass(frozen=True)
class Measure:
    """One measured value: seconds when its bar is in units, else the value itself."""

    bar: Bar
    value: float
    detail: str = ""

    def ratio(self, unit_seconds: float) -> float:
        """The value as the bar counts it."""
        return self.value / unit_seconds if self.bar.in_units else self.value

    def met(self, unit_seconds: float) -> bool:
        """Whether the bar is met; true where there is none."""
        return self.bar.most is None or self.ratio(unit_seconds) <= self.bar.most


def table(measures: list[Measure], unit_seconds: list[float], unit: float) -> str:
    """The measures beside their bars."""
    repeats = ", ".join(f"{seconds:.1f}" for seconds in unit_seconds)
    lines = [f"unit C = {unit:.2f} s (median of {repeats})", "", f"{'':36}{'seconds':>9}{'measured':>12}{'bar':>10}   "]
    for measure in measures:
        bar = measure.bar
        seconds = f"{measure.value:.1f}" if bar.in_units else ""
        most = f"{bar.most:g}{bar.suffix}" if bar.most is not None else "-"
        verdict = "" if bar.most is None else "met" if measure.met(unit) else "MISSED"
        shown = f"{measure.ratio(unit):.2f}{bar.suffix}"
        lines.append(f"{bar.name:36}{seconds:>9}{shown:>12}{most:>10}   {verdict:8}{measure.detail}".rstrip())
    return "\n".join(lines)
