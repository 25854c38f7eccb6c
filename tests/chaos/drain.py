"""Waits until everything that was published is judged and loaded, then stops workers and loaders.
By conditions, not by time; but where nothing moves any more, that is a hang, and a failure."""

from __future__ import annotations

import time
from collections.abc import Callable

from events.errors import ServerMissing
from events.topics import Topic
from sinks.decode import LOADED_TOPICS
from tests.chaos.stack import ChaosStack

_LOOK_S = 0.1
#: Far beyond any pause that a fault or a slow machine leaves behind.
HANG_S = 180.0


class Failed(Exception):
    """A run that cannot be compared: something hangs, or ended that should run."""


def drain(chaos: ChaosStack) -> None:
    """Raises ``Failed``."""
    _wait(chaos, "the producers publish", lambda: _done(chaos), chaos.is_publishing)
    _wait_for_group(chaos, "workers", chaos.settings.worker_group, Topic.RAW, Topic.CONSENT)
    _stop(chaos, "worker")
    _wait_for_group(chaos, "loaders", chaos.settings.loader_group, *LOADED_TOPICS)
    _stop(chaos, "loader")


def _done(chaos: ChaosStack) -> int:
    return sum(bench.done() for bench in chaos.benches)


def _wait(
    chaos: ChaosStack, what: str, measure: Callable[[], int], is_waiting: Callable[[], bool]
) -> None:
    at, moved_s = measure(), time.monotonic()
    while is_waiting():
        check(chaos)
        if (now_at := measure()) != at:
            at, moved_s = now_at, time.monotonic()
        if time.monotonic() - moved_s > HANG_S:
            raise Failed(f"hang: {what}, and nothing has moved for {HANG_S:g} s")
        time.sleep(_LOOK_S)


def _wait_for_group(chaos: ChaosStack, who: str, group: str, *topics: Topic) -> None:
    try:
        ends = chaos.stack.ends(*topics)
    except ServerMissing as error:
        raise Failed(str(error)) from None
    lag = [-1]

    def is_behind() -> bool:
        lag[0] = chaos.stack.committed_and_lag(group, ends)[1]
        return lag[0] > 0

    _wait(chaos, f"the {who} are behind", lambda: lag[0], is_behind)


def check(chaos: ChaosStack) -> None:
    """``Failed`` if a process ended for a reason that is not a server's absence."""
    if said := chaos.look_after():
        raise Failed("; ".join(said))


def _stop(chaos: ChaosStack, kind: str) -> None:
    for place in chaos.places:
        if place.name.startswith(kind) and place.is_alive():
            place.stop()
