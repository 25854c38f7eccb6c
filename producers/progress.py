"""Shows on standard error how many events have gone, how fast, and how many batches wait on disk;
only to a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.text import Text

from events.options import err


class _Count(ProgressColumn):
    """Events so far, and events a second over the last moments."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed or 0
        return Text(f"{int(task.completed):>13,} events {rate:>11,.0f} events/s")


@dataclass
class _Spooled(ProgressColumn):
    """Batches in the spool that Kafka is not known to have; nothing where there is no spool."""

    count: Callable[[], int | None]

    def __post_init__(self) -> None:
        super().__init__()

    def render(self, task: Task) -> Text:
        count = self.count()
        return Text("" if count is None else f"{count:>7,} batches spooled")


@contextmanager
def counted(
    what: str, spooled: Callable[[], int | None] = lambda: None
) -> Iterator[Callable[[int], None]]:
    """A callback that is told how many more events have gone. ``spooled`` says how many batches
    wait on disk, None without a spool."""
    if not err.is_terminal:
        yield lambda events: None
        return
    columns = (
        *(SpinnerColumn(), TextColumn("{task.description}"), _Count()),
        *(_Spooled(spooled), Elapsed()),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda events: progress.advance(task, events)
