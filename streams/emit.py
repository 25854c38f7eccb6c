"""Step 9, emit: an outcome as Avro messages, each below Kafka's usual limit of 1 MiB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.codec import Codec
from events.columns import pack
from events.schemas import newest
from events.topics import SPEC, Topic
from events.vocabulary import Action, KeyClass
from streams.account import Account
from streams.decode import Broken
from streams.pipeline import Outcome
from streams.pseudonymise import Pseudonymised
from streams.window import Partials

#: What a message carries at most, uncompressed, so that it stays below 1 MiB with its header,
#: even where every row brings a name of its own into the dictionaries (66 B each): a training row
#: takes 14 B and each batch 48 B more, and an application; a partial 119 B, and a team and an
#: application; an accounted message 122 B with every reason there is.
MAX_ROWS_BYTES = 786_432
_EVENT_BYTES, _BATCH_BYTES = 14, 48 + 66
MAX_PARTIALS = 4_096
MAX_MESSAGES = 4_096


@dataclass(frozen=True, slots=True)
class Source:
    """Where the raw messages came from, and under which policy they were judged."""

    topic: Topic
    topic_id: str
    partition: int
    policy_hash: str


@dataclass(frozen=True, slots=True)
class Emission:
    """A message for ``topic``; its partition is that of the source."""

    topic: Topic
    value: bytes = field(repr=False)


def emit(
    outcome: Outcome, source: Source, lateness_ms: int, seen_ms: dict[str, int], codec: Codec
) -> list[Emission]:
    """All messages of an outcome: rows first, then the books that speak of them.

    ``seen_ms``: largest passing event time so far by purpose, for the watermark.
    """
    records: list[tuple[Topic, dict[str, Any]]] = []
    records += [(Topic.TRAINING, record) for record in training_records(outcome.training)]
    records += [
        (Topic.WINDOWS, record) for record in partial_records(outcome.analytics, outcome.partials)
    ]
    records += [
        (Topic.DEAD_LETTERS, record) for record in dead_letter_records(outcome.broken, source)
    ]
    for books in outcome.accounts:
        seen = seen_ms.get(books.purpose, -1)
        watermark_ms = seen - lateness_ms if seen >= 0 else -1
        records += [
            (Topic.ACCOUNTING, record)
            for record in account_records(books, source, watermark_ms, outcome.redriven)
        ]
    return [Emission(topic, codec.encode(SPEC[topic].schema, record)) for topic, record in records]


def training_records(rows: Pseudonymised) -> Iterator[dict[str, Any]]:
    """TrainingRows records, whole batches each."""
    events = rows.events
    ends = np.cumsum(events.event_count)
    base_ms = events.time_ms[ends - events.event_count]
    delta_ms = np.diff(events.time_ms, prepend=events.time_ms[:1])
    delta_ms[ends - events.event_count] = 0
    per_batch = {
        "pseudonym": rows.pseudonym,
        "session": rows.session,
        "batch": rows.batch,
        "epoch": rows.epoch,
        "sequence": rows.sequence,
        "surface": rows.surface,
        "origin": rows.origin,
        "screen_width_px": rows.screen_width_px,
        "screen_height_px": rows.screen_height_px,
        "base_time_ms": base_ms,
        "event_count": events.event_count,
    }
    per_event = {
        "index": events.index,
        "time_delta_ms": delta_ms,
        "action": events.action,
        "x_px": events.x_px,
        "y_px": events.y_px,
        "detail": events.detail,
        "role": events.role,
    }
    for first, last in _cut(_BATCH_BYTES + _EVENT_BYTES * events.event_count, MAX_ROWS_BYTES):
        begin = int(ends[first] - events.event_count[first])
        applications, application = _dictionary(rows.application[first:last])
        columns = {name: values[first:last] for name, values in per_batch.items()}
        columns |= {name: v[begin : int(ends[last - 1])] for name, v in per_event.items()}
        columns["application"] = application
        yield {"applications": applications, **pack(columns, newest("training_rows").packed)}


def partial_records(rows: Pseudonymised, partials: Partials) -> Iterator[dict[str, Any]]:
    """WindowPartials records."""
    owner = partials.owner
    columns: dict[str, NDArray[Any]] = {
        "window_start_ms": partials.window_start_ms,
        "pseudonym": rows.pseudonym[owner],
        "batch": rows.batch[owner],
        "epoch": rows.epoch[owner],
        "origin": rows.origin[owner],
        "event_count": partials.event_count,
        "wheel_steps": partials.wheel_steps,
        "path_px": partials.path_px,
    }
    for action in Action:
        columns[f"{action.name.lower()}_count"] = partials.action_count[:, action]
    for key_class in KeyClass:
        columns[f"{key_class.name.lower()}_key_count"] = partials.key_count[:, key_class]
    for first in range(0, len(owner), MAX_PARTIALS):
        part = {name: values[first : first + MAX_PARTIALS] for name, values in columns.items()}
        owners = owner[first : first + MAX_PARTIALS].tolist()
        teams, part["team"] = _dictionary([rows.team[place] for place in owners])
        applications, part["application"] = _dictionary(
            [rows.application[place] for place in owners]
        )
        packed = pack(part, newest("window_partials").packed)
        yield {"teams": teams, "applications": applications, **packed}


def account_records(
    books: Account, source: Source, watermark_ms: int, redriven: Sequence[tuple[int, int]] = ()
) -> Iterator[dict[str, Any]]:
    """Accounting records of one purpose. ``redriven``: (offset, that of the dead letter) of those
    messages that are copies."""
    for first in range(0, len(books.offset), MAX_MESSAGES):
        part = slice(first, first + MAX_MESSAGES)
        columns = {
            "offset": books.offset[part],
            "batch": books.batch[part],
            "event_count": books.event_count[part],
            "passed_count": books.passed_count[part],
            "first_day": books.first_day[part],
        }
        here = range(int(columns["offset"][0]), int(columns["offset"][-1]) + 1)
        copies = [(offset, origin) for offset, origin in redriven if offset in here]
        yield {
            "topic": source.topic.value,
            "topic_id": source.topic_id,
            "partition": source.partition,
            "policy_hash": source.policy_hash,
            "purpose": books.purpose.value,
            "watermark_ms": watermark_ms,
            **pack(columns, newest("accounting").packed),
            "withheld": {
                reason.value: counts[part].astype("<u4").tobytes()
                for reason, counts in books.withheld().items()
            },
            "rejected": {
                reason.value: counts[part].astype("<u4").tobytes()
                for reason, counts in books.rejected().items()
            },
            "redriven_offset": [offset for offset, _ in copies],
            "redriven_from": [origin for _, origin in copies],
        }


def dead_letter_records(broken: Sequence[Broken], source: Source) -> Iterator[dict[str, Any]]:
    """One DeadLetters record, if anything was refused whole."""
    if not broken:
        return
    columns = {
        "offset": np.array([entry.offset for entry in broken], dtype=np.int64),
        "message_time_ms": np.array([entry.time_ms for entry in broken], dtype=np.int64),
    }
    yield {
        "topic": source.topic.value,
        "topic_id": source.topic_id,
        "partition": source.partition,
        "reason": [entry.reason.value for entry in broken],
        **pack(columns, newest("dead_letters").packed),
    }


def _dictionary(values: Sequence[str]) -> tuple[list[str], NDArray[np.uint16]]:
    """Distinct values in order of appearance, and each value's place among them."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return list(places), np.array([places[value] for value in values], dtype=np.uint16)


def _cut(sizes: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of items whose sizes add up to at most ``most`` (or one larger item)."""
    first, total = 0, 0
    for place, size in enumerate(sizes.tolist()):
        if place > first and total + size > most:
            yield first, place
            first, total = place, 0
        total += size
    if first < len(sizes):
        yield first, len(sizes)
