"""HTML pages that load nothing from elsewhere: tables, and plots as images inside."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.25rem .6rem;text-align:right}
th{background:#f3f3f3}td:first-child,th:first-child{text-align:left}img{max-width:100%}"""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page of parts that are HTML already."""
    head = f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
    return f"{head}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows under the names of the columns; what a row lacks is a dash."""
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def image(figure: Figure, text: str) -> str:
    """The figure as an image; `text` says what it shows to those who cannot see it."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return (
        f"<img alt='{html.escape(text, quote=True)}' "
        f"src='data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}'>"
    )


def _cell(value: Any) -> str:
    if value is None:
        return "&ndash;"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return html.escape(f"{value:.0f}" if isinstance(value, float) else str(value))
