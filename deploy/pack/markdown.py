"""A document as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.pack.blocks import Block, Bullets, Document, Grid, Heading, Text


def markdown(document: Document) -> str:
    """Every block, with an empty line between."""
    return "\n\n".join("\n".join(_lines(block)) for block in document) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, text):
            yield f"{'#' * level} {text}"
        case Text(text):
            yield text
        case Bullets(items):
            yield from (f"- {item}" for item in items)
        case Grid(caption, columns, rows):
            yield f"{caption}:"
            yield ""
            yield _row(columns)
            yield _row(["---"] * len(columns))
            yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
