"""A document as one HTML file that needs no other: it can be read aloud, printed, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from deploy.pack.blocks import BLANK, Block, Bullets, Document, Grid, Heading, Text

_GAP = re.compile(re.escape(BLANK).replace(r"\{\}", r"[^\]]*"))

#: Colours have a contrast of at least 7:1. Printed, no row is cut and each part begins a page.
_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem;
  color: #111; background: #fff }
h1, h2, h3 { line-height: 1.25 }
h2 { border-bottom: 2px solid; margin-top: 3rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .9rem }
caption { text-align: left; font-weight: bold; padding: .25rem 0 }
th, td { border: 1px solid #767676; padding: .35rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
mark { background: #ffe680; color: #111 }
a:focus-visible { outline: 3px solid }
@media (prefers-color-scheme: dark) {
  body { color: #f2f2f2; background: #111 }
  a { color: #9cf }
  mark { background: #665200; color: #fff }
}
@media print {
  body { max-width: none; padding: 0; color: #000; background: #fff; font-size: 10pt }
  h2 { break-before: page } h2, h3 { break-after: avoid } tr { break-inside: avoid }
  thead { display: table-header-group } nav { display: none }
}
"""


def html(document: Document) -> str:
    """The whole file. The first block is the title."""
    title = next(block.text for block in document if isinstance(block, Heading))
    parts = [block.text for block in document if isinstance(block, Heading) and block.level == 2]
    body = "\n".join(line for block in document for line in _lines(block))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{_contents(parts)}\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _contents(parts: Sequence[str]) -> str:
    items = "\n".join(f'<li><a href="#{_anchor(part)}">{escape(part)}</a></li>' for part in parts)
    return f'<nav aria-label="Parts">\n<ol>\n{items}\n</ol>\n</nav>'


def _anchor(text: str) -> str:
    return "-".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, text):
            anchor = f' id="{_anchor(text)}"' if level == 2 else ""
            yield f"<h{level}{anchor}>{_text(text)}</h{level}>"
        case Text(text):
            yield f"<p>{_text(text)}</p>"
        case Bullets(items):
            yield "<ul>"
            yield from (f"<li>{_text(item)}</li>" for item in items)
            yield "</ul>"
        case Grid(caption, columns, rows):
            yield f"<table>\n<caption>{_text(caption)}</caption>"
            heads = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
            yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
            yield from map(_row, rows)
            yield "</tbody>\n</table>"


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    rest = "".join(f"<td>{_text(cell)}</td>" for cell in others)
    return f'<tr><th scope="row">{_text(first)}</th>{rest}</tr>'


def _text(text: str) -> str:
    """Gaps are marked; nothing else of a text is markup."""
    return _GAP.sub(r"<mark>\g<0></mark>", escape(text))
