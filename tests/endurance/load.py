"""A live producer at a steady rate, as a process of its own: simulated people, a spool on disk.

    python -m tests.endurance.load FOLDER

FOLDER/rate holds the events a second, and is read again every second. FOLDER/progress.json says how
far it came; on SIGTERM everything is flushed, and it says what the streams must make of it.
Nobody withdraws or pauses: then no count depends on who is faster.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.batch import InteractionBatch
from events.clock import SystemClock
from events.codec import Codec
from events.errors import SpoolFull
from events.metrics import serve_metrics
from events.policy_folder import verified_policy
from events.settings import Settings, resolve
from producers.publisher import Publisher
from producers.sealer import Sealer
from producers.simulation.config import SimulationConfig, default_start_ms
from producers.simulation.expectation import Message
from producers.simulation.phases import Simulation
from producers.spool import open_spool

#: People and days enough for 1.4 thousand million events.
_PEOPLE, _DAYS = 2_000, 5
_NAP_S = 0.02
#: Somebody who was held up for longer does not make up for it: what nobody did is no event.
_LATE_S = 1.0
#: A worker's ledger may be so far behind: who granted a moment ago is withheld.
_LEDGER_SLACK_S = 3.0


@dataclass(slots=True)
class Load:
    """``full_s``: how long the spool had no room."""

    folder: Path
    simulation: Simulation
    publisher: Publisher
    stop: threading.Event
    full_s: float = 0.0
    _due_s: float = 0.0
    _rate: float = 0.0
    _told_s: float = 0.0
    _began_s: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Enrol everybody, then publish until ``stop`` is set."""
        for phase in self.simulation.phases():
            self.publisher.publish_words(phase.words)
            for word in phase.words:
                self.simulation.expected.hear(word)
            if phase.words:
                self.publisher.flush()
                self.stop.wait(_LEDGER_SLACK_S)
            for message in self._paced(phase.messages):
                if not self._publish(message):
                    return
                self.simulation.expected.see(message)

    def _paced(self, messages: Iterator[Message]) -> Iterator[Message]:
        self._due_s = time.monotonic()
        for message in messages:
            self._tell()
            while (early_s := self._due_s - time.monotonic()) > 0 and not self.stop.is_set():
                self.publisher.poll()
                self._tell()
                self.stop.wait(min(early_s, _NAP_S))
            if self.stop.is_set():
                return
            yield message
            self._due_s += len(message) / self._rate
            self._due_s = max(self._due_s, time.monotonic() - _LATE_S)

    def _publish(self, message: Message) -> bool:
        """Whether it was taken: while the spool is full it is offered again, until ``stop``."""
        while not self.stop.is_set():
            try:
                if isinstance(message, InteractionBatch):
                    self.publisher.publish(message)
                else:
                    self.publisher.publish_bytes(message.key, message.value, message.events)
                return True
            except SpoolFull:
                self.full_s += _NAP_S
                time.sleep(_NAP_S)
                self._tell()
        return False

    def _tell(self) -> None:
        """Once a second, write down how far it came, and read the rate."""
        now_s = time.monotonic()
        if now_s < self._told_s + 1:
            return
        self._told_s = now_s
        self._rate = float((self.folder / "rate").read_text())
        write(self.folder / "progress.json", self.progress())

    def progress(self) -> dict[str, Any]:
        expected, report = self.simulation.expected, self.publisher.report
        return {
            "seconds": time.monotonic() - self._began_s,
            "events": expected.events_in,
            "messages": expected.messages,
            "messages_acknowledged": report.raw_messages,
            "events_acknowledged": report.events_acknowledged,
            "spooled_messages": self.publisher.spooled,
            "spool_full_s": round(self.full_s, 2),
        }


def write(file: Path, what: dict[str, Any]) -> None:
    """Whole or not at all: another process reads it."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(what))
    new.replace(file)


def simulation_of(settings: Settings, seed: int, sealer: Sealer) -> Simulation:
    """One in which nobody changes their mind, and some never agree."""
    config = SimulationConfig(
        start_ms=default_start_ms(SystemClock().now_ms(), _DAYS),
        seed=seed,
        employees=_PEOPLE,
        days=_DAYS,
        batch_events=settings.batch_events,
        withdraw_share=0.0,
        pause_share=0.0,
    )
    return Simulation.of(config, verified_policy(settings), Codec(), sealer)


def main(folder: Path) -> None:
    settings = resolve().settings
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serve_metrics(settings.metrics_port)
    with open_spool(folder / "spool", settings.spool_limit_bytes) as spool:
        with Publisher(settings, Codec(), outbox=spool) as publisher:
            simulation = simulation_of(settings, 1, publisher.sealer)
            load = Load(folder, simulation, publisher, stop)
            load.run()
        told = {**load.progress(), "expected": simulation.expected.to_json()}
    write(folder / "result.json", told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
