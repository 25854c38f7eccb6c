"""The workload in the order of event time, and what must come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.peers.apart import Apart, Message
from benchmarks.peers.expected import expected_of
from benchmarks.peers.job import WINDOW_MS
from benchmarks.peers.tables import Tables
from benchmarks.throughput.pieces import recorded, simulated
from benchmarks.throughput.workload import Workload, yesterday_ms
from events.clock import MS_PER_DAY, SystemClock
from events.policy import PurposePolicy

_TEAM_PEOPLE = 20
#: As in ours. Of a batch that is taken apart this only decides what `sequence` and `index` say.
BATCH_EVENTS = 256


@dataclass(frozen=True, slots=True)
class Feed:
    """``title`` says what the events are. ``messages`` are in the order of event time, each of its
    first; the last of each team is dated a day after the others, as if work went on, which closes
    the windows that begin before ``until_ms``. ``expected`` is what must be in the tables."""

    title: str
    messages: Sequence[Message] = field(repr=False)
    subjects: tuple[str, ...] = field(repr=False)
    until_ms: int
    expected: Tables = field(repr=False)

    @property
    def events(self) -> int:
        return sum(self.expected.fates.values())


def workload_of(recordings: Path | None, events: int) -> Workload:
    """At least ``events`` events. Raises ``InputError``."""
    if recordings is None:
        title, pieces = "SIMULATED events", simulated(events)
    else:
        title, pieces = "recorded events", recorded(recordings)
    return Workload.of(title, pieces, events, BATCH_EVENTS, yesterday_ms(SystemClock().now_ms()))


def feed_of(workload: Workload, limits: PurposePolicy, partitions: int, together: int = 1) -> Feed:
    """Every event of ``workload`` as a message of its own, or up to ``together`` of somebody's
    consecutive events in one."""
    subjects = tuple(workload.subjects())
    team_of = _teams(subjects, partitions)
    parts = [Apart(batch, team_of[batch.header.subject]) for batch in workload.batches()]
    last_ms = max(int(part.times_ms.max()) for part in parts)
    until_ms = last_ms - last_ms % WINDOW_MS + WINDOW_MS
    parts += _later(parts, until_ms + MS_PER_DAY)
    messages = [message for part in parts for message in part.messages(partitions, together)]
    order = np.argsort([message.time_ms for message in messages], kind="stable")
    return Feed(
        title=workload.title,
        messages=[messages[place] for place in order.tolist()],
        subjects=subjects,
        until_ms=until_ms,
        expected=expected_of(parts, limits, until_ms),
    )


def _teams(subjects: Sequence[str], partitions: int) -> dict[str, int]:
    """As many teams for each partition, and as many people in each, as nearly as can be: where the
    work lies unevenly, one process of a peer waits while another works."""
    rounds = max(1, len(subjects) // (_TEAM_PEOPLE * partitions))
    return {subject: place % (rounds * partitions) for place, subject in enumerate(subjects)}


def _later(parts: Sequence[Apart], at_ms: int) -> list[Apart]:
    """The last event of each team once more, at ``at_ms``."""
    last = {part.team: part for part in parts}
    return [
        Apart(part.batch, team, len(part.batch) - 1, at_ms - int(part.times_ms[-1]))
        for team, part in sorted(last.items())
    ]
