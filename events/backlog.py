"""How far a process is behind in each partition it reads, as gauges that go with the partition.

A message that waits is younger than the last one handled, and younger than the last moment at which
none waited. So the later of these two bounds how long anything has been waiting, without asking
Kafka for the message. The bound is looked up as it is scraped: a process that hangs grows old too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from events.clock import MS_PER_S, Clock
from events.metrics import LAG_MESSAGES, LAG_SECONDS
from events.topics import Topic

#: A partition of a topic.
Key = tuple[Topic, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """Offsets of what comes next: for the group (``committed``), and in the partition (``end``).
    None while not known."""

    committed: int | None
    end: int | None


@dataclass(slots=True)
class Backlog:
    """One thread tells it what happens; another may scrape the gauges meanwhile."""

    clock: Clock
    _since_ms: dict[Key, int] = field(default_factory=dict)
    _shown: set[Key] = field(default_factory=set)

    def handled(self, key: Key, time_ms: int) -> None:
        """The message of this time (Kafka's timestamp) was handled, and all before it. A time in
        the future counts as now: it must not hide what waits."""
        self._since(key, min(time_ms, self.clock.now_ms()))

    def look(self, reached: Mapping[Key, Reach]) -> None:
        """These partitions, and no others, are ours, and this far. Call it about once a second."""
        for gone in self._shown - reached.keys():
            self._hide(gone)
        for gone in self._since_ms.keys() - reached.keys():
            del self._since_ms[gone]
        now_ms = self.clock.now_ms()
        for key, reach in reached.items():
            if reach.committed is None or reach.end is None:
                continue
            if reach.committed >= reach.end:
                self._since(key, now_ms)
            topic, partition = key
            waiting = max(0, reach.end - reach.committed)
            LAG_MESSAGES.labels(topic.value, str(partition)).set(waiting)
            self._shown.add(key)
            if key in self._since_ms:
                age_s = partial(self._behind_s, key)
                LAG_SECONDS.labels(topic.value, str(partition)).set_function(age_s)

    def _since(self, key: Key, time_ms: int) -> None:
        self._since_ms[key] = max(self._since_ms.get(key, 0), time_ms)

    def _behind_s(self, key: Key) -> float:
        """Seconds that nothing has been waiting for longer than; NaN once it is not ours."""
        since_ms = self._since_ms.get(key)
        if since_ms is None:
            return float("nan")
        return max(0, self.clock.now_ms() - since_ms) / MS_PER_S

    def _hide(self, key: Key) -> None:
        topic, partition = key
        LAG_MESSAGES.remove(topic.value, str(partition))
        LAG_SECONDS.remove(topic.value, str(partition))
        self._shown.discard(key)
