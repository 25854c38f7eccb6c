"""The result as pictures, SVG, for a light and for a dark page.

Needs matplotlib, which is installed apart: see ``requirements.lock``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.theme import Theme, draw_all
from benchmarks.throughput.result import Result
from benchmarks.throughput.scale import fit
from benchmarks.throughput.spread import Spread

#: A bar: its name, and events/s of each run.
Bar = tuple[str, Spread]


def draw(result: Result, folder: Path) -> list[Path]:
    """`throughput-NAME-light.svg` and `-dark.svg` in ``folder``, for each of what was measured:
    speeds, stages, freshness, scaling."""
    files = []
    for name, figure in _figures(result):
        files += draw_all(folder, f"throughput-{name}", figure)
    return files


def _figures(result: Result) -> Iterator[tuple[str, Callable[[Theme], Figure]]]:
    yield "speeds", partial(_speeds, result)
    if result.stages:
        yield "stages", partial(_stages, result)
    if result.fresh:
        yield "freshness", partial(_freshness, result)
    if result.by_workers:
        yield "scaling", partial(_scaling, result)


def _speeds(result: Result, theme: Theme) -> Figure:
    """Bars from the slowest to the fastest, in tens: what differs by a hundred times is seen."""
    bars: list[Bar] = [("Glasshouse", Spread.of(each.events_per_s for each in result.ours))]
    bars += [
        (each.name, Spread.of(run.events_per_s for run in each.runs))
        for each in result.rivals
        if each.runs
    ]
    if result.limits:
        alone = Spread.of(each.events_per_s for each in result.limits)
        bars.append(("ClickHouse alone,\nrows from memory", alone))
    bars.sort(key=lambda bar: bar[1].middle)
    figure, axes = _axes((9, 1.2 + 0.6 * len(bars)))
    colours = [_colour(name, theme) for name, _ in bars]
    middles = [spread.middle for _, spread in bars]
    offs = [
        [spread.middle - spread.least for _, spread in bars],
        [spread.most - spread.middle for _, spread in bars],
    ]
    axes.barh([name for name, _ in bars], middles, xerr=offs, color=colours, ecolor=theme.ink)
    axes.set_xscale("log")
    axes.set_xlim(min(middles) / 4, max(middles) * 4)
    for place, middle in enumerate(middles):
        axes.annotate(f" {middle:,.0f}", (bars[place][1].most, place), va="center", color=theme.ink)
    cores = result.machine["cores"]
    axes.set_title(f"Events/s on {cores} cores, each line ten times ({result.title})", loc="left")
    axes.grid(axis="x", linewidth=0.8)
    return figure


def _colour(name: str, theme: Theme) -> str:
    first, second, third = theme.lines
    if name == "Glasshouse":
        return first
    return third if name.startswith("ClickHouse") else second


def _stages(result: Result, theme: Theme) -> Figure:
    """One bar for each stage, by process."""
    rows = [
        (f"{kind}: {stage}" if kind != stage else kind, seconds, kind)
        for kind, stages in result.stages.items()
        for stage, seconds in stages.items()
        if seconds >= 0.005
    ][::-1]
    colour = dict(zip(("worker", "loader", "broker"), theme.lines, strict=True))
    figure, axes = _axes((9, 1.2 + 0.32 * len(rows)))
    axes.barh(
        [name for name, _, _ in rows],
        [seconds for _, seconds, _ in rows],
        color=[colour[kind] for _, _, kind in rows],
    )
    axes.set_title("Where the processor's time goes, s for a million events", loc="left")
    axes.grid(axis="x", linewidth=0.8)
    return figure


def _freshness(result: Result, theme: Theme) -> Figure:
    """How many of the batches are readable after so long; one line for each run."""
    figure, axes = _axes((9, 4))
    for each in result.fresh:
        percents = [int(name.removeprefix("p")) for name in each.freshness_ms]
        waits_s = [wait / 1_000 for wait in each.freshness_ms.values()]
        axes.plot(waits_s, percents, color=theme.lines[0], marker="o", linewidth=1.5)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 105)
    axes.set_xlabel("s from produced to readable")
    axes.set_title("Batches that are readable at half of the maximum load, %", loc="left")
    axes.grid(linewidth=0.8)
    return figure


def _scaling(result: Result, theme: Theme) -> Figure:
    """Measured with its range, and what the model says."""
    figure, axes = _axes((9, 4))
    runs = {result.ours[0].workers: result.ours, **result.by_workers}
    workers = sorted(number for number, measured in runs.items() if measured)
    found = [Spread.of(each.events_per_s for each in runs[number]) for number in workers]
    _errors(axes, workers, found, theme)
    model = fit(result)
    if model is not None:
        length = result.ours[0].events / result.ours[0].messages
        told = [model.events_per_s(number, length) for number in workers]
        axes.plot(workers, told, color=theme.lines[1], marker="s", linestyle="--", label="model")
    axes.set_ylim(bottom=0)
    axes.set_xticks(workers)
    axes.set_xlabel("workers")
    cores = result.machine["cores"]
    axes.set_title(f"Events/s by number of workers, on {cores} cores", loc="left")
    axes.grid(linewidth=0.8)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(
        loc="lower right", labelcolor=theme.ink, facecolor=theme.paper, edgecolor=theme.paper
    )
    return figure


def _errors(axes: Axes, places: Sequence[int], found: Sequence[Spread], theme: Theme) -> None:
    offs = [
        [each.middle - each.least for each in found],
        [each.most - each.middle for each in found],
    ]
    axes.errorbar(
        places,
        [each.middle for each in found],
        yerr=offs,
        color=theme.lines[0],
        marker="o",
        capsize=3,
        linewidth=2,
        label="measured",
    )


def _axes(size: tuple[float, float]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    return figure, axes
