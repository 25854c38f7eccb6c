"""The curve of risk against usefulness, as SVG, for a light and for a dark page.

Needs matplotlib, which is installed apart: see ``requirements.lock``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Result = dict[str, Any]


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
_MARKERS = ("o", "s", "^")


def draw(result: Result, folder: Path) -> list[Path]:
    """`reidentification-light.svg` and `-dark.svg` in ``folder``. The same result gives the same
    bytes, with the same matplotlib."""
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
            figure = _figure(result, theme)
            file = folder / f"reidentification-{theme.name}.svg"
            figure.savefig(file, format="svg", metadata={"Date": None}, facecolor=theme.paper)
        files.append(file)
    return files


def _figure(result: Result, theme: Theme) -> Figure:
    figure = Figure(figsize=(10, 8.4), layout="constrained")
    top, bottom = figure.subplots(2, 1)
    names = [setting["name"].replace(", ", "\n") for setting in result["settings"]]
    _risk(top, result, names, theme)
    _use(bottom, result, names, theme)
    return figure


def _risk(axes: Axes, result: Result, names: Sequence[str], theme: Theme) -> None:
    for (attack, piece, label), colour, marker in zip(
        (
            ("rows", "a session", "a session"),
            ("rows", "10 actions", "10 actions"),
            ("motion", "10 actions", "10 actions, by motion alone"),
        ),
        theme.lines,
        _MARKERS,
        strict=True,
    ):
        values = [setting[attack][piece]["top_1"] for setting in result["settings"]]
        _line(
            axes,
            names,
            [(100 * mean, 100 * off) for mean, off in values],
            colour=colour,
            marker=marker,
            label=label,
        )
    chance = 100 / result["recordings"]["people"]
    axes.axhline(chance, color=theme.ink, linestyle=":", label="chance")
    axes.set_title("Risk: how often the right person is named first", loc="left")
    axes.set_ylabel(f"right, % (of {result['recordings']['people']} people)")
    _finish(axes, theme)


def _use(axes: Axes, result: Result, names: Sequence[str], theme: Theme) -> None:
    use = [setting["usefulness"] for setting in result["settings"]]
    for key, label, colour, marker in zip(
        ("kind_right", "hits"),
        ("kind of the next action told right", "label hits a target of 24 px"),
        theme.lines,
        _MARKERS,
        strict=False,
    ):
        values = [(100 * each[key][0], 100 * each[key][1]) for each in use]
        _line(axes, names, values, colour=colour, marker=marker, label=label)
    blind = 100 * use[0]["kind_right_blind"][0]
    axes.axhline(blind, color=theme.ink, linestyle=":", label="kind, without the data")
    axes.set_ylabel("right, %")
    axes.set_title("Use: what comes next, judged by the raw recording", loc="left")
    error = axes.twinx()
    values = [tuple(each["place_px"]) for each in use]
    label = "next click off by (right axis)"
    _line(error, names, values, colour=theme.lines[2], marker="^", label=label)
    error.set_ylim(bottom=0)
    error.set_ylabel("median error, px")
    error.spines[:].set_color(theme.faint)
    axes.set_xlabel("grid and tick of the policy, from raw to coarse")
    _finish(axes, theme, error)


def _line(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[tuple[float, ...]],
    *,
    colour: str,
    marker: str,
    label: str,
) -> None:
    """Means with their standard deviation over the splits."""
    means, offs = zip(*values, strict=True)
    axes.errorbar(
        names, means, yerr=offs, color=colour, marker=marker, capsize=3, linewidth=2, label=label
    )


def _finish(axes: Axes, theme: Theme, *others: Axes) -> None:
    axes.set_ylim(0, 105)
    axes.grid(axis="y", linewidth=0.8)
    lines = [
        entry
        for each in (axes, *others)
        for entry in zip(*each.get_legend_handles_labels(), strict=True)
    ]
    handles, labels = zip(*lines, strict=True)
    axes.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        ncols=4,
        frameon=False,
        labelcolor=theme.ink,
    )
