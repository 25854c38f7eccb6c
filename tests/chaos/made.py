"""What a seed publishes: recorded and simulated sessions, laid where their times test something,
with broken messages between them, some published twice and some in another order.

The same seed at the same moment makes the same bytes. Times keep clear of every limit by more than
a run takes and a clock is off, so that each event has one right fate.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np

from events.batch import SCHEMA, InteractionBatch, from_record
from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE
from events.codec import Codec
from events.outcomes import WHOLE_MESSAGE
from events.policy import Policy
from events.vocabulary import Origin, Surface
from producers.batches import EventColumns, Session, cut
from producers.find_recordings import find_recordings
from producers.recordings import Recording
from producers.simulation.broken import REASON, Fault, break_batch
from producers.simulation.config import SimulationConfig
from producers.simulation.generate import SLICES_PER_DAY, generator_of
from producers.simulation.organisation import organisation
from tests.chaos.faults import Kind
from tests.strategies import OPENER, SEALER, Sent, record_of

#: A Monday, midnight UTC: where simulated sessions lie before they are moved.
_MONDAY_MS = 1_795_392_000_000
_PEOPLE = (4, 12, 60, 250)
_RECORDED_EVENTS = (4_000, 12_000)
_SIMULATED_EVENTS = (25_000, 70_000)
_BATCH_EVENTS = (24, 48, 96)
_FAULTS = tuple(Fault)


@dataclass(frozen=True, slots=True)
class Due:
    """A message, when it is due (s since the publishing began), and who publishes it."""

    at_s: float
    producer: int
    subject: str
    sent: Sent

    @property
    def key(self) -> bytes:
        """A person's in one order, so that duplicates and what was put in another order meet."""
        return hashlib.sha256(self.subject.encode()).digest()[:16]

    @property
    def events(self) -> int:
        return 1 if self.sent.batch is None else len(self.sent.batch)


@dataclass(frozen=True, slots=True)
class Made:
    """Every message in the order in which it is due. ``met`` counts what lies in the input."""

    messages: tuple[Due, ...]
    subjects: tuple[str, ...]
    met: Counter[Kind]

    def of(self, producer: int) -> list[Due]:
        return [due for due in self.messages if due.producer == producer]

    @property
    def events(self) -> int:
        return sum(due.events for due in self.messages)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a session is laid: its last event so long before the anchor, or its first so long
    after it."""

    kind: Kind | None
    share: int
    end_ms: tuple[int, int] | None
    begin_ms: tuple[int, int] | None = None


_PLACES = (
    _Place(None, 8, (-2 * MS_PER_HOUR, -MS_PER_MINUTE)),
    _Place(Kind.LATE, 5, (-40 * MS_PER_HOUR, -3 * MS_PER_HOUR)),
    _Place(Kind.LATE, 2, (-9 * MS_PER_DAY, -2 * MS_PER_DAY)),
    # Within the policy's tolerance of 5 min, also for a worker that is 2 min behind; and far beyond
    # it, also for one that is 2 min ahead.
    _Place(Kind.PRODUCER_CLOCK, 2, (30_000, 150_000)),
    _Place(Kind.PRODUCER_CLOCK, 1, None, (30 * MS_PER_MINUTE, 90 * MS_PER_MINUTE)),
    # Too old for analytics, and for everything.
    _Place(Kind.LATE, 1, (-230 * MS_PER_DAY, -200 * MS_PER_DAY)),
    _Place(Kind.LATE, 1, (-450 * MS_PER_DAY, -420 * MS_PER_DAY)),
)


def make(
    seed: int, anchor_ms: int, publish_s: float, recordings: Path, policy: Policy, *, scale: float
) -> Made:
    """The input of ``seed`` for a run that begins at ``anchor_ms`` and publishes for ``publish_s``;
    ``scale`` times as many events."""
    rng = Random(f"{seed} input")
    batch_events = rng.choice(_BATCH_EVENTS)
    met: Counter[Kind] = Counter()
    sessions = [
        *_recorded(rng, recordings, batch_events, scale),
        *_simulated(seed, rng, policy, batch_events, scale),
    ]
    placed = [_lay(rng, session, anchor_ms, met) for session in sessions]
    codec = Codec()
    messages: list[Due] = []
    for number, session in enumerate(placed):
        spread = _spread(rng, _in_some_order(rng, session, met), publish_s)
        messages += [
            Due(at_s, number % 2, batch.header.subject, _sent(rng, batch, codec, met))
            for at_s, batch in spread
        ]
    messages += _again(rng, messages, publish_s, met)
    subjects = sorted({due.subject for due in messages})
    return Made(tuple(sorted(messages, key=lambda due: due.at_s)), tuple(subjects), met)


def _recorded(
    rng: Random, folder: Path, batch_events: int, scale: float
) -> Iterator[list[InteractionBatch]]:
    """Parts of some real sessions, each of another person where there are enough."""
    by_user: dict[str, list[Recording]] = defaultdict(list)
    for recording in find_recordings(folder):
        by_user[recording.subject].append(recording)
    users = sorted(by_user)
    for user in rng.sample(users, min(len(users), rng.randint(3, 6))):
        recording = rng.choice(by_user[user])
        events = recording.read()
        columns = events.columns
        count = min(len(columns), int(rng.randint(*_RECORDED_EVENTS) * scale))
        first = rng.randint(0, len(columns) - count)
        part = _part(columns, first, first + count)
        session = Session(
            *(user, recording.session, 10 * MS_PER_DAY, "recorded", "design"),
            *(Surface.DESKTOP, Origin.REPLAY),
            *(recording.screen.width_px, recording.screen.height_px),
            events.digest,
        )
        if count:
            yield list(cut(part, session, batch_events))


def _part(columns: EventColumns, first: int, last: int) -> EventColumns:
    names = ("times_ms", "action", "x_px", "y_px", "detail", "role")
    return EventColumns(*(getattr(columns, name)[first:last] for name in names))


def _simulated(
    seed: int, rng: Random, policy: Policy, batch_events: int, scale: float
) -> Iterable[list[InteractionBatch]]:
    """A working day of an organisation, cut off after some events; each session's batches."""
    people = rng.choice(_PEOPLE)
    config = SimulationConfig(
        start_ms=_MONDAY_MS,
        seed=seed,
        employees=people,
        teams=min(people, 1 + people // 12),
        events_per_s=0.05 if people > 20 else 0.5,
        batch_events=batch_events,
    )
    sessions: dict[bytes, list[InteractionBatch]] = defaultdict(list)
    left = int(rng.randint(*_SIMULATED_EVENTS) * scale)
    for batch in generator_of(organisation(config, policy)).batches(0, SLICES_PER_DAY):
        if left < 0:
            break
        sessions[batch.header.session].append(batch)
        left -= len(batch)
    return sessions.values()


def _lay(
    rng: Random, session: Sequence[InteractionBatch], anchor_ms: int, met: Counter[Kind]
) -> list[InteractionBatch]:
    """The session moved in time, as a whole."""
    (place,) = rng.choices(_PLACES, [place.share for place in _PLACES])
    if place.kind is not None:
        met[place.kind] += len(session)
    if place.end_ms is not None:
        now_ms = max(int(batch.times_ms()[-1]) for batch in session)
        to_ms = anchor_ms + rng.randint(*place.end_ms)
    else:
        assert place.begin_ms is not None
        now_ms = min(batch.header.base_time_ms for batch in session)
        to_ms = anchor_ms + rng.randint(*place.begin_ms)
    return [_moved(batch, to_ms - now_ms) for batch in session]


def _moved(batch: InteractionBatch, by_ms: int) -> InteractionBatch:
    header = replace(batch.header, base_time_ms=batch.header.base_time_ms + by_ms)
    return InteractionBatch(header, batch.columns)


def _in_some_order(
    rng: Random, session: list[InteractionBatch], met: Counter[Kind]
) -> list[InteractionBatch]:
    if len(session) < 2 or rng.random() >= 0.15:
        return session
    met[Kind.REORDERED] += len(session)
    return rng.sample(session, len(session))


def _spread(
    rng: Random, session: list[InteractionBatch], publish_s: float
) -> Iterator[tuple[float, InteractionBatch]]:
    """The whole time long, so that whatever happens to a person happens between batches."""
    steps = np.sort([rng.random() for _ in session]) * publish_s
    return zip(steps.tolist(), session, strict=True)


def _sent(rng: Random, batch: InteractionBatch, codec: Codec, met: Counter[Kind]) -> Sent:
    """The batch as it is, or now and then broken as a faulty producer would send it."""
    if rng.random() >= 0.01:
        return Sent(codec.encode(SCHEMA, record_of(batch)), batch)
    met[Kind.BROKEN] += 1
    broken = break_batch(batch, rng.choice(_FAULTS), codec, SEALER)
    if REASON[broken.fault] in WHOLE_MESSAGE:
        return Sent(broken.value, reason=REASON[broken.fault])
    sent = from_record(codec.decode(SCHEMA, broken.value))
    return Sent(broken.value, replace(sent, header=OPENER.opened(sent.header)))


def _again(
    rng: Random, messages: Sequence[Due], publish_s: float, met: Counter[Kind]
) -> Iterator[Due]:
    """Some messages once more, later, by either producer."""
    for due in messages:
        if rng.random() < 0.04:
            met[Kind.REPEATED] += 1
            yield replace(due, at_s=rng.uniform(due.at_s, publish_s), producer=rng.randrange(2))
