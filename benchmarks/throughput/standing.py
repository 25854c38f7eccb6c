"""A stack as the product runs it, embedded, in which everybody has agreed to everything."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from benchmarks.throughput.prepared import Prepared
from deploy.stack import Stack, running_stack
from events.clock import SystemClock
from events.purposes import PURPOSES
from events.settings import Settings
from producers.consents import enrolment
from producers.publisher import Publisher

#: How exactly the end of a run is known.
_POLL_S = 0.01
_STILL_S = 120.0


@dataclass(frozen=True, slots=True)
class How:
    """``events_per_s`` None: as fast as it goes. ``settings`` are of the product. ``asks``: what
    readers ask is timed as well. ``profile``: folder for what py-spy sees, which slows it down."""

    workers: int
    events_per_s: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    asks: bool = False
    profile: Path | None = None


def settings_of(texts: Sequence[str]) -> dict[str, str]:
    """Of the product, from ``name=value``. ``ValueError`` for anything else."""
    return dict(cast("tuple[str, str]", text.split("=", 1)) for text in texts)


@contextmanager
def begun_stack(prepared: Prepared, data_dir: Path, how: How) -> Iterator[Stack]:
    """One in a new ``data_dir``, before workers and loader are started."""
    data_dir.mkdir(parents=True, mode=0o700)
    settings = Settings(data_dir=data_dir, **how.settings)
    shutil.copy2(prepared.keys, settings.keys_path)
    with running_stack(settings, _say_nothing) as stack:
        with Publisher(stack.settings, stack.codec) as publisher:
            now_ms = SystemClock().now_ms()
            publisher.publish_words(enrolment(prepared.people(), PURPOSES, now_ms, stack.policy))
        yield stack


@contextmanager
def ready_stack(prepared: Prepared, data_dir: Path, how: How) -> Iterator[Stack]:
    """The same once workers and loader run and have joined their groups."""
    with begun_stack(prepared, data_dir, how) as stack:
        stack.start(how.workers)
        stack.settle({})  # the workers have logged the consents, so they have partitions
        # Those that came later get theirs with the next rebalance, which takes a session's length.
        time.sleep(2 * stack.settings.group_session_timeout_s * (how.workers > 1))
        yield stack


def wait_for_rows(stack: Stack, is_done: Callable[[Mapping[str, int]], bool]) -> None:
    """Return once ``is_done`` of the rows that are readable, by table. ``RuntimeError`` where
    nothing moves any more, ``Stop`` where a process has ended."""
    rows, moved_s = -1, time.monotonic()
    while not is_done(stack.loaded.rows):
        stack.check()
        if stack.loaded_rows != rows:
            rows, moved_s = stack.loaded_rows, time.monotonic()
        elif time.monotonic() - moved_s > _STILL_S:
            raise RuntimeError(f"nothing has moved for {_STILL_S:g} s: logs are in {stack.log_dir}")
        time.sleep(_POLL_S)


def _say_nothing(text: str) -> None:
    """That signatures are simulated is said with the result."""
