"""How pictures look on a light and on a dark page.

Needs matplotlib, which is installed apart: see the ``requirements.lock`` of each benchmark.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by hand, so that each is legible on its page: ink on paper, and three lines that
    differ in lightness too."""

    name: str
    paper: str
    ink: str
    faint: str
    lines: tuple[str, str, str]


THEMES = (
    Theme("light", "#ffffff", "#1f2328", "#d0d7de", ("#0550ae", "#bc4c00", "#6639ba")),
    Theme("dark", "#0d1117", "#e6edf3", "#3d444d", ("#79c0ff", "#ffa657", "#d2a8ff")),
)


def draw_all(folder: Path, name: str, draw: Callable[[Theme], Figure]) -> list[Path]:
    """``name``-light.svg and -dark.svg in ``folder``. The same figure gives the same bytes, with
    the same matplotlib."""
    files = []
    for theme in THEMES:
        style = {
            "svg.hashsalt": "glasshouse",
            "svg.fonttype": "none",
            "font.size": 11,
            "text.color": theme.ink,
            "axes.labelcolor": theme.ink,
            "xtick.color": theme.ink,
            "ytick.color": theme.ink,
            "axes.edgecolor": theme.faint,
            "axes.facecolor": theme.paper,
            "grid.color": theme.faint,
        }
        with mpl.rc_context(style):
            file = folder / f"{name}-{theme.name}.svg"
            draw(theme).savefig(file, format="svg", metadata={"Date": None}, facecolor=theme.paper)
        files.append(file)
    return files
