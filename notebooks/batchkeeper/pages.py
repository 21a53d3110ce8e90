"""HTML pages that load nothing from elsewhere: tables, and plots as images inside."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

# The colours are those of the console (`console/styles/tokens.css`), which a test compares.
_STYLE = """:root{color-scheme:light dark;--bg:light-dark(#f7f7f5,#121315);--card:light-dark(#ffffff,#1a1c1f);
--ink:light-dark(#1c1d1f,#eceef1);--soft:light-dark(#5b5f66,#a8adb5);--line:light-dark(#e4e4e0,#2b2e33);
--accent:light-dark(#2f5bd0,#8fb0ff)}
body{font:14px/1.45 Inter,"Segoe UI",system-ui,"Helvetica Neue","DejaVu Sans",sans-serif;margin:0;
padding:22px 28px 60px;background:var(--bg);color:var(--ink);font-variant-numeric:tabular-nums}
main{max-width:68rem;margin:0 auto}h1{font-size:20px;font-weight:650;letter-spacing:-.01em}
h2{font-size:13px;font-weight:600;margin:0 0 10px;color:var(--soft)}p{margin:0 0 10px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;margin:16px 0}
.scroll{overflow-x:auto}:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
table{border-collapse:collapse;width:100%}
td,th{padding:7px 12px 7px 0;border-bottom:1px solid var(--line);text-align:right}
tr:last-child>td{border-bottom:0}th{font-size:12px;font-weight:550;color:var(--soft);vertical-align:bottom}
td:first-child,th:first-child{text-align:left}td:last-child,th:last-child{padding-right:0}
img{max-width:100%;background:#fff;border-radius:8px;padding:6px;box-sizing:border-box}
@media(max-width:860px){body{padding:16px 14px 48px}}"""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page of parts that are HTML already; from each second heading on they are a card."""
    head = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
    )
    first, *cards = "".join(parts).split("<h2>")
    body = "".join(f"<section class='card'><h2>{card}</section>" for card in cards)
    return f"{head}<body><main>{first}{body}</main></body></html>\n"


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows under the names of the columns; what a row lacks is a dash. Scrolls by itself, by keys as well."""
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='scroll' tabindex='0' role='group' aria-label='Table'>{whole}</div>"


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
