"""Shows on standard error how many events have gone and how fast; only to a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.text import Text

from events.options import err


class _Count(ProgressColumn):
    """Events so far, and events a second over the last moments."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed or 0
        return Text(f"{int(task.completed):>13,} events {rate:>11,.0f} events/s")


@contextmanager
def counted(what: str) -> Iterator[Callable[[int], None]]:
    """A callback that is told how many more events have gone."""
    if not err.is_terminal:
        yield lambda events: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), _Count(), Elapsed())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda events: progress.advance(task, events)
