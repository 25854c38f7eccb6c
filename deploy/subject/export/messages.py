"""The person's messages in the raw topic: header and events, as a producer made them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from confluent_kafka import Message

from deploy.subject.export.case import Case
from deploy.subject.export.records import Blocks, Found, OnRead, block_of, moment
from deploy.subject.raw_topic import raw_messages
from events.batch import SCHEMA, Header, InteractionBatch, from_record, header_of
from events.errors import Reject
from events.schemas import newest
from events.topics import Topic
from events.vocabulary import Action, Origin, Role, Surface


def _words(codes: type[IntEnum]) -> dict[int, str]:
    return {int(code): code.name.lower() for code in codes}


_ACTION, _ROLE, _SURFACE, _ORIGIN = map(_words, (Action, Role, Surface, Origin))


def raw(case: Case, on_read: OnRead) -> Found:
    """All of them, and in ``case.places`` where they are."""
    if case.raw is None:
        return Found((), note="No Kafka was named, so no topic was looked at.")
    days: Counter[str] = Counter()
    messages = raw_messages(case.settings, case.raw.low, on_read)
    return Found(
        theirs(case, messages, days),
        days,
        {each["name"]: each.get("doc", "") for each in newest(SCHEMA).parsed["fields"]},
        note="Messages whose sealed name does not open, or that cannot be read at all, are "
        "nobody's that could be told.",
    )


def theirs(case: Case, messages: Iterable[list[Message]], days: Counter[str]) -> Blocks:
    """The person's among ``messages``, as records."""
    for block in messages:
        found = []
        for message in block:
            record = _decoded(case, message.value())
            if record is None or not _is_theirs(case, header_of(record)):
                continue
            case.places[message.partition() or 0].append(message.offset() or 0)
            told = _told(message, record)
            days[told["base_time"][:10]] += 1
            found.append(told)
        yield block_of(found)


def _decoded(case: Case, value: bytes | None) -> dict[str, Any] | None:
    """The record of a message, not checked yet: what a worker refuses may be the person's too."""
    try:
        return case.codec.decode(SCHEMA, value)
    except Reject:
        return None


def _is_theirs(case: Case, header: Header) -> bool:
    try:
        opened = case.ring.sealing.opener.opened(header).subject
    except Reject:
        opened = ""
    return case.person.subject in (opened, header.subject)


def _told(message: Message, record: dict[str, Any]) -> dict[str, Any]:
    """Where it is and what is in it; of what a worker refuses whole also its bytes, since nobody
    can say what they mean."""
    events: Mapping[str, Any] | None = None
    refused = ""
    try:
        events = _events(from_record(record))
    except Reject as refusal:
        refused = refusal.reason.value
    header = header_of(record)
    told: dict[str, Any] = {
        "topic": Topic.RAW.value,
        "partition": message.partition(),
        "offset": str(message.offset()),
        "kafka_time": moment(message.timestamp()[1]),
        "batch_id": header.batch_id.hex(),
        "team": header.team,
        "session": header.session.hex(),
        "sequence": header.sequence,
        "application": header.application,
        "surface": _SURFACE.get(header.surface, str(header.surface)),
        "origin": _ORIGIN.get(header.origin, str(header.origin)),
        "screen_width_px": header.screen_width_px,
        "screen_height_px": header.screen_height_px,
        "base_time": moment(header.base_time_ms),
        "refused": refused or None,
        "events": events,
    }
    if refused:
        told["value_base64"] = base64.b64encode(message.value() or b"").decode()
    return told


def _events(batch: InteractionBatch) -> dict[str, list[Any]]:
    """The events as columns of one length; a code that nobody knows stays a number."""
    columns = {name: column.tolist() for name, column in batch.columns.items()}
    return {
        "time": [moment(each) for each in batch.times_ms().tolist()],
        "action": [_ACTION.get(code, str(code)) for code in columns["action"]],
        **{name: columns[name] for name in ("x_px", "y_px", "detail")},
        "role": [_ROLE.get(code, str(code)) for code in columns["role"]],
    }
