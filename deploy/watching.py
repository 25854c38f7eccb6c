"""Shows how a demo gets on: bars where a person watches, now and then a line where not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from events.clock import Clock, SystemClock
from events.options import err

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def watching(title: str) -> Iterator[TerminalWatcher | LineWatcher]:
    """Bars where a person watches, now and then a line where not."""
    if not err.is_terminal:
        yield LineWatcher(title)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:>14,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err) as progress:
        yield TerminalWatcher(
            progress,
            published_bar=progress.add_task(f"{title}: events published", total=None),
            loaded_bar=progress.add_task("rows in ClickHouse, all tables", total=None),
        )


@dataclass(slots=True)
class TerminalWatcher:
    progress: Progress
    published_bar: TaskID
    loaded_bar: TaskID

    def say(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False)

    def published(self, events: int) -> None:
        self.progress.advance(self.published_bar, events)

    def loaded(self, rows: int) -> None:
        self.progress.update(self.loaded_bar, completed=rows)


@dataclass(slots=True)
class LineWatcher:
    """A line on standard error every few seconds, for logs."""

    title: str
    every_s: float = 5.0
    clock: Clock = field(default_factory=SystemClock)
    events: int = 0
    rows: int = 0
    _said_s: float = 0.0

    def say(self, text: str) -> None:
        err.print(text, highlight=False, markup=False)

    def published(self, events: int) -> None:
        self.events += events
        self._now_and_then()

    def loaded(self, rows: int) -> None:
        self.rows = rows
        self._now_and_then()

    def _now_and_then(self) -> None:
        now_s = self.clock.monotonic_s()
        if now_s - self._said_s >= self.every_s:
            self._said_s = now_s
            self.say(f"{self.title}: {self.events:,} events published, {self.rows:,} rows loaded")
