"""SQL that keeps Spark's optimizer from doing what costs more than it saves."""

from __future__ import annotations

from collections.abc import Iterable


def without_constant_folding(constant: str, counter: str) -> str:
    """SQL: a constant of which Spark does not know that it is one; `counter` is a column that is never negative.

    A time as such is part of the generated code, which Java then compiles anew in every run. An array is handed to the
    code (docs/performance.md, "Times in generated code").
    """
    return f"get(array({constant}), IF({counter} < 0, 1, 0))"


def without_constraint_inference(columns: Iterable[str]) -> str:
    """SQL: the columns by a generator, through which Spark does not look.

    From plain columns it infers constraints for every join above them, which double with each feature. The price is
    that each value is computed by interpretation (docs/performance.md, "Constraints of a wide row").
    """
    return f"inline(array(struct({', '.join(columns)})))"
