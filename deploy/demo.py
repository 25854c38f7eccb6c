"""The main job from end to end: people's consent, their events, through Kafka and Faust, into
ClickHouse, and the books."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deploy.script import Phase, Script
from deploy.stack import Stack, running_stack
from events.purposes import Purpose
from events.settings import Settings
from producers.ctrl_c import asked_to_stop
from producers.publisher import Publisher
from sinks.prove import prove
from sinks.reconcile import Check
from sinks.reports import make_all
from sinks.totals import Totals, totals

#: The busiest teams by the hour, from the view that analysts read.
BUSIEST_TEAMS = """
SELECT formatDateTime(window_start, '%F %H:00') AS hour, team, people, events, presses, scrolls
FROM analytics.team_hours ORDER BY events DESC, window_start, team LIMIT 10
"""

_TEAM_HOURS = "SELECT uniqExact(toStartOfHour(window_start), team, origin) FROM analytics.{}"


@dataclass(frozen=True, slots=True)
class DemoReport:
    """``seconds`` runs from the first event handed to the producer until every row was readable.
    ``busiest`` has the rows of ``BUSIEST_TEAMS``; ``hidden_groups`` counts team-hours not shown."""

    totals: Mapping[Purpose, Totals]
    seconds: float
    data_dir: Path
    clickhouse_url: str  # empty: the embedded engine in ``data_dir``
    checks: Sequence[Check]
    unmerged: Mapping[str, int]
    busiest: Sequence[Sequence[object]]
    hidden_groups: int

    @property
    def events_in(self) -> int:
        return max(purpose.events_in for purpose in self.totals.values())

    @property
    def reconciled(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def events_per_s(self) -> float:
        return self.events_in / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "events_in": self.events_in,
            "purposes": {
                name.value: {
                    "passed": purpose.passed,
                    "withheld": dict(purpose.withheld),
                    "rejected": dict(purpose.rejected),
                }
                for name, purpose in self.totals.items()
            },
            "seconds": round(self.seconds, 3),
            "events_per_s": round(self.events_per_s),
            "data_dir": str(self.data_dir),
            "reconciled": self.reconciled,
        }


class Watcher(Protocol):
    """Is told how the demo gets on."""

    def say(self, text: str) -> None: ...

    def published(self, events: int) -> None: ...

    def loaded(self, rows: int) -> None: ...


def run_demo(
    settings: Settings, script: Script, workers: int, watcher: Watcher, now_ms: int
) -> DemoReport:
    """Play ``script`` with ``workers`` worker processes. ``Stop`` if anything ends too early.

    The first Ctrl-C ends the publishing; what was sent is carried to its end, since the embedded
    broker keeps nothing and half of it would be books without rows. Then, as at the second one,
    KeyboardInterrupt.
    """
    with (
        # Outermost: an interrupt that is raised inside of a library may be lost there.
        asked_to_stop() as asked,
        running_stack(settings, watcher.say) as stack,
        Publisher(stack.settings, stack.codec) as publisher,
    ):
        if asked.is_set():
            raise KeyboardInterrupt
        ending = _Ending(asked, watcher)
        phases = script.phases(stack.policy, stack.codec, publisher.sealer, now_ms)
        started_s = _play(stack, publisher, phases, workers, ending)
        seconds = time.monotonic() - started_s
        if ending.is_near():
            watcher.say("stopped by Ctrl-C: what was sent is in the tables and accounted for")
            raise KeyboardInterrupt
        return _report(stack, script, seconds)


@dataclass(slots=True)
class _Ending:
    """Whether a person wants the demo to end; it says so, once, as soon as it is asked."""

    asked: threading.Event
    watcher: Watcher
    _said: bool = False

    def is_near(self) -> bool:
        if self.asked.is_set() and not self._said:
            self._said = True
            self.watcher.say(
                "stopping once what was sent is in the tables; Ctrl-C again stops at once"
            )
        return self.asked.is_set()


def _play(
    stack: Stack, publisher: Publisher, phases: Iterator[Phase], workers: int, ending: _Ending
) -> float:
    """Phase after phase; returns when the first event was handed over (monotonic seconds)."""
    started_s: float | None = None
    for phase in phases:
        if started_s is not None:
            _settle(stack, publisher, ending)
        if ending.is_near():
            break
        publisher.publish_words(phase.words)
        publisher.flush()
        if started_s is None:
            stack.start(workers)
            started_s = time.monotonic()
        else:
            # A worker's ledger may be this much behind what Kafka has acknowledged, never more.
            time.sleep(stack.settings.ledger_max_age_ms / 1_000)
        phase.feed(publisher, ending.watcher.published, ending.is_near)
    if started_s is None:
        return time.monotonic()
    _settle(stack, publisher, ending)
    return started_s


def _settle(stack: Stack, publisher: Publisher, ending: _Ending) -> None:
    def tell() -> None:
        ending.is_near()
        ending.watcher.loaded(stack.loaded_rows)

    publisher.flush()
    stack.settle(publisher.report.raw_ends, tell)
    tell()


def _report(stack: Stack, script: Script, seconds: float) -> DemoReport:
    client = stack.warehouse.client
    make_all(client)  # nothing more comes, so no window waits to be complete
    every, shown = (
        client.query(_TEAM_HOURS.format(table)).result_rows[0][0]
        for table in ("window_partials", "team_hours")
    )
    found = totals(client, stack.raw_topic_id)
    checks, unmerged = prove(client, stack.settings)
    return DemoReport(
        totals=found,
        seconds=seconds,
        data_dir=stack.settings.data_dir,
        clickhouse_url=stack.settings.clickhouse_url,
        checks=[*script.checks(found), *checks],
        unmerged=unmerged,
        busiest=client.query(BUSIEST_TEAMS).result_rows,
        hidden_groups=every - shown,
    )
