"""The curve of risk against usefulness, as SVG, for a light and for a dark page.

Needs matplotlib, which is installed apart: see ``requirements.lock``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.theme import Theme, draw_all

Result = dict[str, Any]


_MARKERS = ("o", "s", "^")

#: A line: its label, and where its [mean, deviation] stands in a setting of the result.
_RISK = (
    ("a session", ("rows", "a session", "top_1")),
    ("10 actions", ("rows", "10 actions", "top_1")),
    ("10 actions, by motion alone", ("motion", "10 actions", "top_1")),
)
_USE = (
    ("a click at the row's place hits a target of 24 px", ("usefulness", "hits")),
    ("kind of the next action told right", ("usefulness", "kind_right")),
)
_PLACE = (("told from the data", ("usefulness", "place_px")),)


def draw(result: Result, folder: Path) -> list[Path]:
    """`reidentification-light.svg` and `-dark.svg` in ``folder``. The same result gives the same
    bytes, with the same matplotlib."""
    return draw_all(folder, "reidentification", lambda theme: _figure(result, theme))


def _figure(result: Result, theme: Theme) -> Figure:
    figure = Figure(figsize=(9, 10), layout="constrained")
    risk, use, place = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    people, blind = result["recordings"]["people"], result["settings"][0]["usefulness"]
    _lines(risk, result, _RISK, theme, 100)
    _level(risk, 100 / people, "chance", theme)
    _finish(risk, f"Risk: the right one of {people} people is named first, %", 105, theme)
    _lines(use, result, _USE, theme, 100)
    _level(use, 100 * blind["kind_right_blind"][0], "kind, without the data", theme)
    _finish(use, "Use: how often right, judged by the raw recording, %", 105, theme)
    _lines(place, result, _PLACE, theme, 1)
    _level(place, blind["place_px_blind"][0], "where the pointer is by then", theme)
    _finish(place, "Use: place of the next click, median error, px", None, theme)
    names = [setting["name"].replace(", ", "\n") for setting in result["settings"]]
    place.set_xticks(range(len(names)), names)
    place.set_xlabel("grid and tick of the policy, from raw to coarse")
    return figure


def _lines(
    axes: Axes,
    result: Result,
    lines: Sequence[tuple[str, tuple[str, ...]]],
    theme: Theme,
    scale: float,
) -> None:
    """Means over the splits with their standard deviation, times ``scale``."""
    for (label, path), colour, marker in zip(lines, theme.lines, _MARKERS, strict=False):
        values = [_at(setting, path) for setting in result["settings"]]
        means, offs = ([scale * value[part] for value in values] for part in (0, 1))
        axes.errorbar(
            range(len(values)),
            means,
            yerr=offs,
            color=colour,
            marker=marker,
            capsize=3,
            linewidth=2,
            label=label,
        )


def _at(setting: Result, path: Sequence[str]) -> Sequence[float]:
    value: Any = setting
    for name in path:
        value = value[name]
    return [float(part) for part in value]


def _level(axes: Axes, value: float, label: str, theme: Theme) -> None:
    """What is to be had without the data."""
    axes.axhline(value, color=theme.ink, linestyle=":", label=label)


def _finish(axes: Axes, title: str, most: float | None, theme: Theme) -> None:
    axes.set_title(title, loc="left")
    axes.set_ylim(0, most or 1.1 * axes.dataLim.y1)
    axes.grid(axis="y", linewidth=0.8)
    axes.legend(
        loc="lower left",
        labelcolor=theme.ink,
        facecolor=theme.paper,
        edgecolor=theme.paper,
        framealpha=1,
    )
