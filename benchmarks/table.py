"""A result as rows of text, for the terminal and for the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Row = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are texts; the first row of cells is below ``columns``."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]

    def markdown(self) -> str:
        """As a table of Markdown."""
        head = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in head)
