"""What is measured and how fast it must be."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.effort import Effort


@dataclass(frozen=True)
class Bar:
    """A measure and its bar; `suffix` is the unit of both."""

    name: str
    most: float | None
    suffix: str = " C"


INGEST = Bar("ingest the year", 3.3)
FEATURES = Bar("features of the year", 1.2)
TRAINING_SET = Bar("labels and training set", None)
TRAINING = Bar("training of 12 models", 8.0)
EVALUATION = Bar("evaluation and gate", None)
SCORE = Bar("score 47 days", 1.5)
NIGHT = Bar("one more night, a year stored", 2.0)
NIGHT_MONTH = Bar("one more night, a month stored", None)
NIGHT_RATIO = Bar("night with a year : with a month", 1.3, suffix="")
MEMORY = Bar("peak memory of the driver JVM", 6.0, suffix=" GiB")


@dataclass(frozen=True)
class Measure:
    """One measured value: an effort when its bar is in units, else a plain number."""

    bar: Bar
    value: Effort | float
    detail: str = ""

    def ratio(self, unit: Effort) -> float:
        """The value as the bar counts it."""
        return self.value.wall / unit.wall if isinstance(self.value, Effort) else self.value

    def cpu_ratio(self, unit: Effort) -> float | None:
        """The same in processor time, which a busy machine disturbs far less."""
        return self.value.cpu / unit.cpu if isinstance(self.value, Effort) else None

    def met(self, unit: Effort) -> bool:
        """Whether the bar is met on the clock; true where there is none."""
        return self.bar.most is None or self.ratio(unit) <= self.bar.most

    def as_json(self, unit: Effort) -> dict[str, object]:
        """The measure with its bar."""
        figures = {"ratio": self.ratio(unit), "cpuRatio": self.cpu_ratio(unit), "bar": self.bar.most}
        return {"name": self.bar.name, **figures, "met": self.met(unit), "detail": self.detail}


def table(measures: list[Measure], repeats: list[Effort], unit: Effort) -> str:
    """The measures beside their bars."""
    clocked = ", ".join(f"{effort.wall:.1f}" for effort in repeats)
    lines = [f"unit C = {unit.wall:.2f} s (median of {clocked}), {unit.cpu:.1f} s of processor time", ""]
    lines.append(f"{'':36}{'seconds':>9}{'measured':>12}{'bar':>10}{'':11}{'processor time':>14}")
    for measure in measures:
        bar, value, cpu = measure.bar, measure.value, measure.cpu_ratio(unit)
        seconds = f"{value.wall:.1f}" if isinstance(value, Effort) else ""
        most = f"{bar.most:g}{bar.suffix}" if bar.most is not None else "-"
        verdict = "" if bar.most is None else "met" if measure.met(unit) else "MISSED"
        shown, spent = f"{measure.ratio(unit):.2f}{bar.suffix}", f"{cpu:.2f} C" if cpu is not None else ""
        lines.append(
            f"{bar.name:36}{seconds:>9}{shown:>12}{most:>10}   {verdict:8}{spent:>14}   {measure.detail}".rstrip()
        )
    return "\n".join(lines)
