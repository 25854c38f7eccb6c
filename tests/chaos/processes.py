"""Workers, loaders and producers in their places: started, killed, and started again."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.request import urlopen

from events.topics import Topic
from tests.end_to_end.stack import Running

#: How long a process may take to end when it is asked to; Docker gives it 10 s.
_GRACE_S = 30.0
#: What a process says that ends by itself because a server was away for too long. It is then
#: started again, as whatever runs it for real would do.
_GAVE_UP = (
    "did not answer",
    "could not be proved current",
    "took no output",
    "took no rows",
    "acknowledged nothing",
    "does not know the topics",
    "did not tell the end",
    "KafkaConnectionError",  # Faust's, where the broker goes away while a worker starts
)


@dataclass(slots=True)
class Place:
    """``begin`` starts the process of a life, numbered from 1. ``lock`` is held by whoever ends or
    starts processes here. ``wanted``: whether one should run."""

    name: str
    begin: Callable[[int], Running]
    lock: threading.RLock = field(default_factory=threading.RLock)
    life: int = 0
    wanted: bool = False
    gave_up: int = 0
    ended_badly: int = 0
    running: Running | None = None

    def start(self) -> None:
        """Start the next life."""
        with self.lock:
            self.life += 1
            self.running = self.begin(self.life)
            self.wanted = True

    def is_alive(self) -> bool:
        return self.running is not None and self.running.process.poll() is None

    def has_finished(self) -> bool:
        """Whether its last life ended well, by itself or as it was asked to."""
        return self.running is not None and self.running.process.poll() == 0

    def signal(self, number: signal.Signals) -> None:
        if self.running is not None and self.is_alive():
            self.running.process.send_signal(number)

    def kill(self) -> None:
        """End it as kill -9 does, paused or not."""
        with self.lock:
            self.wanted = False
            if self.running is not None:
                self.running.process.kill()
                self.running.process.wait()

    def stop(self) -> bool:
        """Ask it to end, and kill it if it does not in time, as whatever runs it for real would do.
        Whether it ended by itself, and well; if not, it is counted as ``ended_badly``."""
        with self.lock:
            self.wanted = False
            if self.running is None:
                return False
            self.signal(signal.SIGTERM)
            try:
                ended_well = self.running.process.wait(_GRACE_S) == 0
            except subprocess.TimeoutExpired:
                self.kill()
                ended_well = False
            self.ended_badly += not ended_well
            return ended_well

    def partitions(self, topic: Topic) -> set[int]:
        """Which partitions of ``topic`` it says it has; none while it does not answer."""
        if self.running is None or not self.is_alive():
            return set()
        return partitions_of(self.running.metrics_port, topic)

    def look_after(self) -> str:
        """Start it again if it gave up on a server; what it said if it ended in any other way."""
        if not self.lock.acquire(blocking=False):
            return ""
        try:
            if not self.wanted or self.running is None or self.is_alive() or self.has_finished():
                return ""
            said = _last_words(self.running)
            if any(words in said for words in _GAVE_UP):
                self.gave_up += 1
                self.start()
                return ""
            self.wanted = False
            return f"{self.name} ended with {self.running.process.returncode}: {said}"
        finally:
            self.lock.release()


def partitions_of(metrics_port: int, topic: Topic) -> set[int]:
    """Partitions of ``topic`` for which the metrics on this port tell a lag."""
    try:
        with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        if line.startswith("glasshouse_lag_messages{") and f'topic="{topic.value}"' in line:
            found.add(int(line.partition('partition="')[2].partition('"')[0]))
    return found


def _last_words(running: Running) -> str:
    lines = running.log_file.read_text(errors="replace").strip().splitlines()
    return " | ".join(lines[-3:])[-600:]
