"""A made-up run of the streams: the messages they would send, and what must come of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from events.codec import Codec
from events.columns import Column, pack
from events.outcomes import Rejected, Withheld
from events.purposes import Purpose
from events.schemas import newest
from events.topics import SPEC, Topic
from events.vocabulary import Action, KeyClass

DAY_MS = 1_790_035_200_000  # 2026-09-22 00:00:00 UTC
TOPIC_ID = "AAAAAAAAQLmMjJmc0rawtopic"[:22]
CODEC = Codec()


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of an output topic, as a broker would hand it over."""

    topic: Topic
    partition: int
    value: bytes = field(repr=False)
    time_ms: int = DAY_MS


@dataclass(frozen=True, slots=True)
class Batch:
    """A source batch after the gate. ``batch`` is its id for training; the other purposes' ids
    differ from it, as they do under different keys."""

    batch: int
    person: int = 1
    session: int = 1
    sequence: int = 0
    team: str = "team-a"
    application: str = "browser"
    base_time_ms: int = DAY_MS
    actions: tuple[int, ...] = (0, 0, 1, 2)
    gap_ms: int = 10
    epoch: int = 0
    withheld: int = 0
    rejected: int = 0

    @property
    def events(self) -> int:
        return len(self.actions)

    @property
    def index(self) -> Column:
        """Places left after the first events were rejected or withheld."""
        return np.arange(self.events) + self.withheld + self.rejected


def encode(topic: Topic, partition: int, record: dict[str, Any]) -> Sent:
    return Sent(topic, partition, CODEC.encode(SPEC[topic].schema, record))


def _column(batches: Sequence[Batch], name: str) -> Column:
    return np.array([getattr(batch, name) for batch in batches], np.int64)


def _words(batches: Sequence[Batch], name: str) -> tuple[list[str], Column]:
    words = sorted({getattr(batch, name) for batch in batches})
    return words, np.array([words.index(getattr(batch, name)) for batch in batches])


def training(batches: Sequence[Batch], partition: int = 0, **changed: Any) -> Sent:
    """The TrainingRows message of ``batches``; ``changed`` columns replace the right ones."""
    applications, application = _words(batches, "application")
    rows = sum(batch.events for batch in batches)
    same = {"surface": 0, "origin": 2, "screen_width_px": 1920, "screen_height_px": 1080}
    columns: dict[str, Column] = {
        "pseudonym": _column(batches, "person") + 1_000,
        "session": _column(batches, "session") + 2_000,
        "batch": _column(batches, "batch"),
        "epoch": _column(batches, "epoch"),
        "sequence": _column(batches, "sequence"),
        "application": application,
        "base_time_ms": _column(batches, "base_time_ms"),
        "event_count": _column(batches, "events"),
        "index": np.concatenate([batch.index for batch in batches]),
        "time_delta_ms": np.concatenate([[batch.gap_ms] * batch.events for batch in batches]),
        "action": np.concatenate([batch.actions for batch in batches]),
        "x_px": np.arange(rows) % 1920,
        "y_px": np.arange(rows) % 1080,
        "detail": np.zeros(rows, np.int64),
        "role": np.zeros(rows, np.int64),
        **{name: np.full(len(batches), value) for name, value in same.items()},
    }
    packed = pack({**columns, **changed}, newest("training_rows").packed)
    return encode(Topic.TRAINING, partition, {"applications": applications, **packed})


def partials(batches: Sequence[Batch], partition: int = 0, **changed: Any) -> Sent:
    """The WindowPartials message of ``batches``, each of which must lie within one minute."""
    teams, team = _words(batches, "team")
    applications, application = _words(batches, "application")
    columns: dict[str, Column] = {
        "window_start_ms": _column(batches, "base_time_ms") // 60_000 * 60_000,
        "team": team,
        "application": application,
        "pseudonym": _column(batches, "person") + 3_000 + 100_000 * _column(batches, "epoch"),
        "batch": _column(batches, "batch") + 5_000_000,
        "epoch": _column(batches, "epoch"),
        "origin": np.full(len(batches), 2),
        "event_count": _column(batches, "events"),
        "wheel_steps": np.zeros(len(batches), np.int64),
        "path_px": _column(batches, "events") * 3,
    }
    for action in Action:
        columns[f"{action.name.lower()}_count"] = np.array(
            [batch.actions.count(action) for batch in batches]
        )
    for key_class in KeyClass:
        columns[f"{key_class.name.lower()}_key_count"] = np.zeros(len(batches), np.int64)
    columns["letter_key_count"] = columns["key_down_count"]
    packed = pack({**columns, **changed}, newest("window_partials").packed)
    record = {"teams": teams, "applications": applications, **packed}
    return encode(Topic.WINDOWS, partition, record)


def accounted(
    batches: Sequence[Batch],
    first_offset: int,
    purpose: Purpose,
    partition: int = 0,
    topic_id: str = TOPIC_ID,
    **changed: Any,
) -> Sent:
    """The Accounting message of ``batches``, which stand at consecutive source offsets."""
    withheld, rejected = _column(batches, "withheld"), _column(batches, "rejected")
    passed = _column(batches, "events")
    columns = {
        "offset": np.arange(first_offset, first_offset + len(batches)),
        "batch": _column(batches, "batch") + 9_000_000,
        "event_count": passed + withheld + rejected,
        "passed_count": passed,
        "first_day": np.where(passed > 0, _column(batches, "base_time_ms") // 86_400_000, 0),
    }
    record: dict[str, Any] = {
        "topic": Topic.RAW.value,
        "topic_id": topic_id,
        "partition": partition,
        "policy_hash": "0" * 64,
        "purpose": purpose.value,
        "watermark_ms": max(batch.base_time_ms for batch in batches),
        "withheld": {Withheld.PAUSED.value: withheld.astype("<u4").tobytes()},
        "rejected": {Rejected.COORDINATE_OUT_OF_RANGE.value: rejected.astype("<u4").tobytes()},
        **pack(columns, newest("accounting").packed),
    }
    return encode(Topic.ACCOUNTING, partition, {**record, **changed})


def refused(offsets: Sequence[int], reason: Rejected, partition: int = 0) -> Sent:
    """The DeadLetters message for source messages at ``offsets``."""
    columns = {
        "offset": np.array(offsets),
        "message_time_ms": np.full(len(offsets), DAY_MS),
    }
    record: dict[str, Any] = {
        "topic": Topic.RAW.value,
        "topic_id": TOPIC_ID,
        "partition": partition,
        "reason": [reason.value] * len(offsets),
        **pack(columns, newest("dead_letters").packed),
    }
    return encode(Topic.DEAD_LETTERS, partition, record)


def said(count: int) -> Sent:
    """A ConsentLog message of ``count`` grants, each the second word of somebody."""
    columns = {
        "offset": np.arange(count),
        "pseudonym": np.arange(count) + 7_000,
        "at_ms": np.full(count, DAY_MS),
    }
    record: dict[str, Any] = {
        "topic_id": "consent-topic-id",
        "partition": 0,
        "purpose": [Purpose.AGENT_TRAINING.value] * count,
        "action": ["grant"] * count,
        "notice_version": ["2026-11"] * count,
        "notice_sha256": ["ab" * 32] * count,
        "lawful_basis": ["consent"] * count,
        "actor_role": ["operator"] * count,
        "actor_id": ["7f3c9a"] * count,
        "jurisdiction": ["DE-BY"] * count,
        "number": [1] * count,
        **{
            name: [_hash(f"{name} {n}") for n in range(count)]
            for name in ("who", "previous", "hash")
        },
        **pack(columns, newest("consent_log").packed),
    }
    return encode(Topic.CONSENT_LOG, 0, record)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def org(people: int, batches_each: int, team: str = "team-a") -> list[Batch]:
    """Batches of ``people``, in one minute, with some events withheld and some rejected."""
    return [
        Batch(
            batch=person * 1_000 + number,
            person=person,
            session=person,
            sequence=number,
            team=team,
            base_time_ms=DAY_MS + number * 100,
            actions=(0, 0, 0, 1, 2, 3, 4, 5)[: 4 + number % 5],
            withheld=number % 3,
            rejected=number % 2,
        )
        for person in range(1, people + 1)
        for number in range(batches_each)
    ]


def run_of(batches: Sequence[Batch], partitions: int = 2, take: int = 7) -> list[Sent]:
    """All that the streams send for ``batches``: both purposes, accounting, dead letters for one
    more message of each partition, and the consent log."""
    sent = [said(3)]
    for partition in range(partitions):
        own = [batch for batch in batches if batch.person % partitions == partition]
        for first in range(0, len(own), take):
            some = own[first : first + take]
            sent += [training(some, partition), partials(some, partition)]
            sent += [accounted(some, first, purpose, partition) for purpose in Purpose]
        sent.append(refused([len(own)], Rejected.UNDECODABLE, partition))
        sent += [whole(len(own), purpose, partition) for purpose in Purpose]
    return sent


def whole(offset: int, purpose: Purpose, partition: int) -> Sent:
    """Accounting of a message that was rejected whole: one event in, none passed, batch 0."""
    one = Batch(batch=-9_000_000, actions=(), rejected=1)
    return accounted([one], offset, purpose, partition)


def same_topic(sent: Iterable[Sent], topic: Topic) -> list[Sent]:
    return [message for message in sent if message.topic is topic]


def later(batch: Batch, ms: int) -> Batch:
    return replace(batch, base_time_ms=batch.base_time_ms + ms)
