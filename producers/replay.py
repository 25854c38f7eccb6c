"""Replays recordings into Kafka: reads, cuts into batches, publishes. No console, no signals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from events.batch import InteractionBatch
from events.clock import Clock, SystemClock
from events.vocabulary import OTHER_APPLICATION, Origin, Surface
from producers.batches import Session, cut
from producers.calendar import Laid, lay, refuse_future
from producers.pacing import merged, paced
from producers.recordings import MAX_EXAMPLES, BadRow, Recording, SessionEvents


class Publishes(Protocol):
    """What replaying needs of a ``Publisher``."""

    def publish(self, batch: InteractionBatch) -> None: ...


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How recordings become batches. ``first_ms``: when every person's first session begins (see
    producers/calendar.py). ``speed``: multiple of real time, all sessions side by side from their
    own starts; None: one session after the other, as fast as Kafka takes them."""

    first_ms: int
    team: str
    batch_events: int
    application: str = OTHER_APPLICATION
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """``events_sent`` were handed to the publisher; once it is flushed, Kafka has them.

    ``subjects`` and ``sessions`` count those whose files were read;
    ``unreadable_rows`` are all rows of their files that are no events, ``examples`` the first
    ``MAX_EXAMPLES`` of them. ``stopped``: it ended early because it was asked to.
    ``left_over_batches``: of an earlier run, in the spool; they are in no other count.
    """

    subjects: int
    sessions: int
    events_sent: int
    batches_sent: int
    unreadable_rows: int
    examples: tuple[BadRow, ...]
    seconds: float
    stopped: bool
    left_over_batches: int = 0


@dataclass(slots=True)
class _Tally:
    subjects: set[str] = field(default_factory=set, repr=False)
    sessions: int = 0
    events: int = 0
    batches: int = 0
    unreadable_rows: int = 0
    examples: list[BadRow] = field(default_factory=list)

    def read(self, recording: Recording) -> SessionEvents:
        session = recording.read()
        self.subjects.add(recording.subject)
        self.sessions += 1
        self.unreadable_rows += session.unreadable_rows
        self.examples += session.examples[: MAX_EXAMPLES - len(self.examples)]
        return session


def replay(
    recordings: Iterable[Recording],
    publisher: Publishes,
    plan: ReplayPlan,
    *,
    on_progress: Callable[[int], None] = lambda events: None,
    stopped: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ReplayReport:
    """Send every event of ``recordings``. ``on_progress`` is told the number of events after each
    batch; after each batch ``stopped`` is asked whether to end here.

    The publisher is not flushed. Raises ``InputError`` before anything is sent if a session would
    lie in the future, and what ``Publisher.publish`` raises. The same recordings, plan and batch
    size give the same batches with the same identities.
    """
    clock = clock or SystemClock()
    started_s = clock.monotonic_s()
    laid = lay(recordings, plan.first_ms)
    refuse_future(laid, clock.now_ms())
    tally = _Tally()
    if plan.speed is None:
        batches = _one_after_the_other(laid, plan, tally)
    else:
        batches = paced(_side_by_side(laid, plan, tally), plan.speed, clock, sleep, stopped)
    for batch in batches:
        if stopped():
            break
        publisher.publish(batch)
        tally.events += len(batch)
        tally.batches += 1
        on_progress(len(batch))
    return ReplayReport(
        subjects=len(tally.subjects),
        sessions=tally.sessions,
        events_sent=tally.events,
        batches_sent=tally.batches,
        unreadable_rows=tally.unreadable_rows,
        examples=tuple(tally.examples),
        seconds=clock.monotonic_s() - started_s,
        stopped=stopped(),
    )


def _one_after_the_other(
    laid: Sequence[Laid], plan: ReplayPlan, tally: _Tally
) -> Iterator[InteractionBatch]:
    for one in laid:
        yield from _batches(one, plan, tally)


def _side_by_side(
    laid: Sequence[Laid], plan: ReplayPlan, tally: _Tally
) -> Iterator[tuple[int, InteractionBatch]]:
    """A batch is due when its last event is: a real producer could not send it before."""

    def timeline(one: Laid) -> Iterator[tuple[int, InteractionBatch]]:
        for batch in _batches(one, plan, tally):
            yield int(batch.times_ms()[-1]) - one.start_ms, batch

    return merged([timeline(one) for one in laid])


def _batches(one: Laid, plan: ReplayPlan, tally: _Tally) -> Iterator[InteractionBatch]:
    recording, events = one.recording, tally.read(one.recording)
    session = Session(
        subject=recording.subject,
        name=recording.session,
        start_ms=one.start_ms,
        team=plan.team,
        application=plan.application,
        surface=Surface.DESKTOP,
        origin=Origin.REPLAY,
        screen_width_px=recording.screen.width_px,
        screen_height_px=recording.screen.height_px,
        recording=events.digest,
    )
    return cut(events.columns, session, plan.batch_events)
