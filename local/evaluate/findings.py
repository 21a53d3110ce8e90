"""What an evaluation found: figures beside their bars and baselines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One figure. `least` or `most` is its bar; with neither it is told for comparison. `beside` names baselines."""

    section: str
    name: str
    value: float
    least: float | None = None
    most: float | None = None
    beside: str = ""

    @property
    def met(self) -> bool:
        """Whether the bar is met; true where there is none."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def bar(self) -> str:
        """The bar in words."""
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.most:.4g}" if self.most is not None else ""

    def as_json(self) -> dict[str, object]:
        """The figure with its verdict."""
        return {**asdict(self), "met": self.met}


def table(findings: Iterable[Finding]) -> str:
    """The figures, section by section."""
    lines: list[str] = []
    section = ""
    for found in findings:
        if found.section != section:
            section = found.section
            lines += ["", section]
        verdict = "" if not found.bar else "met" if found.met else "MISSED"
        lines.append(f"  {found.name:44}{found.value:9.4f}  {found.bar:12}{verdict:8}{found.beside}".rstrip())
    return "\n".join(lines)
