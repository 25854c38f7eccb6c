"""Has it become slower? Compares two results by ratios that were measured within one run each, so
that a slower machine, or a busier one, changes neither.

python -m benchmarks.throughput.regression BEFORE.json AFTER.json [--allowed 0.1]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.throughput.outcome import Outcome
from benchmarks.throughput.result import Result
from benchmarks.throughput.spread import Spread
from benchmarks.throughput.targets import growth, over, share_of_limit
from events.errors import InputError
from events.options import err, show_json, show_table

#: So many of the ratios are against ClickHouse, or steps, alone.
_AGAINST_LIMITS = 3
_CANNOT = 2
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Ratio:
    """``values`` of a result, one for each round. ``more``: more of it is better."""

    name: str
    values: Callable[[Result], Sequence[float]]
    more: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """``worse``: by which share the median has become worse; below 0 it is better. ``noise``: half
    of the larger of the two ranges, as a share of the median before. Only what is worse by more
    than ``allowed`` and the noise is a regression; what one of the results lacks is none."""

    name: str
    before: float | None
    after: float | None
    worse: float
    noise: float
    is_regression: bool


def ratios() -> Iterator[Ratio]:
    """What is compared. All but the bytes are against what was measured beside it."""
    yield Ratio("events/s over ClickHouse alone", share_of_limit, more=True)
    yield Ratio("events/s over a worker's steps alone", _over_steps, more=True)
    yield Ratio("CPU an event over that of the insert alone", _over_insert, more=False)
    yield Ratio("events/s over Quix Streams", lambda result: over(result, "quix"), more=True)
    yield Ratio("events/s over plain Faust", lambda result: over(result, "faust"), more=True)
    yield Ratio("CPU an event, many over few events", growth, more=False)
    yield Ratio("bytes an event of the raw topic", _of_each(_raw_bytes), more=False)


def compare(before: Result, after: Result, allowed: float) -> list[Compared]:
    """``allowed``: by which share a median may be worse. ``InputError`` where the two are of
    different work, or have nothing in common: that nothing is worse would mean nothing."""
    works = [_work(result) for result in (before, after)]
    if works[0] != works[1]:
        raise InputError(f"they cannot be compared: one is {works[0]}, the other {works[1]}")
    found = [_compared(each, before, after, allowed) for each in ratios()]
    if all(each.before is None for each in found[:_AGAINST_LIMITS]):
        raise InputError("they cannot be compared: no limit was measured beside both of them")
    return found


def _work(result: Result) -> str:
    if not result.ours:
        return "nothing"
    ours = result.ours[0]
    return (
        f"{ours.events:,} {result.title} in batches of {result.batch_events} by {ours.workers} "
        f"workers on {result.machine['cores']} cores"
        + "".join(f", {each}" for each in result.settings)
    )


def _compared(ratio: Ratio, before: Result, after: Result, allowed: float) -> Compared:
    values = [list(ratio.values(result)) for result in (before, after)]
    if not all(values):
        return Compared(ratio.name, None, None, 0.0, 0.0, is_regression=False)
    was, now = (Spread.of(each) for each in values)
    change = now.middle / was.middle - 1
    worse = -change if ratio.more else change
    noise = max(each.most - each.least for each in (was, now)) / 2 / was.middle
    bad = worse > max(allowed, noise)
    return Compared(ratio.name, was.middle, now.middle, worse, noise, bad)


def _over_steps(result: Result) -> Sequence[float]:
    pairs = zip(result.ours, result.limits, strict=False)
    return [our.events_per_s * limit.worker_cpu_s / limit.events for our, limit in pairs]


def _over_insert(result: Result) -> Sequence[float]:
    pairs = zip(result.ours, result.limits, strict=False)
    return [our.cpu_s_a_million / (limit.cpu_s / limit.events * 1e6) for our, limit in pairs]


def _raw_bytes(outcome: Outcome) -> float:
    return outcome.wire_bytes / outcome.events


def _of_each(of: Callable[[Outcome], float]) -> Callable[[Result], Sequence[float]]:
    return lambda result: [of(each) for each in result.ours]


@app.command()
def main(
    before: Annotated[Path, typer.Argument(help="A throughput.json.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    *,
    allowed: Annotated[float, typer.Option(min=0, help="How much worse it may be.")] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare two results. Exit status 1 where something has become worse, 2 where they cannot be
    compared.

    Example: python -m benchmarks.throughput.regression old.json new.json --allowed 0.05
    """
    try:
        found = compare(Result.load(before), Result.load(after), allowed)
    except (InputError, OSError) as error:
        err.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(_CANNOT) from None
    if as_json:
        show_json({"compared": [asdict(each) for each in found]})
    else:
        columns = ("ratio", "before", "after", "worse by, %", "noise, %", "")
        rows = [
            (
                each.name,
                each.before,
                each.after,
                100 * each.worse,
                100 * each.noise,
                "WORSE" if each.is_regression else "" if each.before else "not in both",
            )
            for each in found
        ]
        show_table("", columns, rows)
    if any(each.is_regression for each in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
