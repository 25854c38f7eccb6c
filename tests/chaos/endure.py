"""The part of a run in which it all happens: producers publish, people speak, faults come."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.drain import Failed, check
from tests.chaos.faults import Fault, Kind
from tests.chaos.inflict import inflict
from tests.chaos.speaker import Speaker
from tests.chaos.stack import ChaosStack
from tests.chaos.words import Word

_LOOK_S = 0.1


@dataclass(slots=True)
class _Threads:
    """Each does one thing; what goes wrong in one is kept for whoever waits for all."""

    running: list[threading.Thread] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def start(self, what: Callable[[], None]) -> None:
        def carefully() -> None:
            try:
                what()
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}")

        self.running.append(threading.Thread(target=carefully, daemon=True))
        self.running[-1].start()

    def is_any_alive(self) -> bool:
        return any(thread.is_alive() for thread in self.running)


def endure(
    chaos: ChaosStack, faults: Sequence[Fault], speaker: Speaker, words: Sequence[Word]
) -> Counter[Kind]:
    """Begin to publish; return once every word is said and every fault is over, with how many were
    met. Raises ``Failed`` if a process ends that should not, or the run itself goes wrong."""
    met: Counter[Kind] = Counter()
    begun_s = chaos.begin()
    threads = _Threads()

    def suffer(fault: Fault) -> None:
        time.sleep(max(0.0, begun_s + fault.at_s - time.time()))
        if inflict(chaos, fault):
            met[fault.kind] += 1

    def suffering(fault: Fault) -> Callable[[], None]:
        return lambda: suffer(fault)

    threads.start(lambda: speaker.say(words, begun_s))
    for fault in faults:
        threads.start(suffering(fault))
    while threads.is_any_alive():
        check(chaos)
        time.sleep(_LOOK_S)
    if threads.failures:
        raise Failed("the run itself went wrong: " + "; ".join(threads.failures))
    return met
