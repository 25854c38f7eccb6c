"""The ledger as officers see it: every consent record, the person under the governance key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from events.columns import pack
from events.consent import SCHEMA, ConsentRecord, from_record
from events.errors import Reject
from events.purposes import GOVERNANCE
from events.schemas import newest
from events.topics import SPEC, Topic
from streams.decode import Broken, RawMessage
from streams.emit import Emission, Source, dead_letter_records
from streams.pipeline import Rules
from streams.pseudonymise import subject_id


def consent_log(messages: Sequence[RawMessage], source: Source, rules: Rules) -> list[Emission]:
    """Messages for the consent log, and dead letters for records that cannot be read."""
    sound: list[tuple[int, ConsentRecord]] = []
    broken: list[Broken] = []
    for message in messages:
        if message.value is None:
            continue  # a record was taken out of the topic: that is not one of its records
        try:
            record = from_record(rules.codec.decode(SCHEMA, message.value))
            sound.append((message.offset, record))
        except Reject as refusal:
            broken.append(Broken(message.offset, message.time_ms, refusal.reason))
    records = [(Topic.DEAD_LETTERS, record) for record in dead_letter_records(broken, source)]
    if sound:
        records.append((Topic.CONSENT_LOG, _record(sound, source, rules)))
    codec = rules.codec
    return [Emission(topic, codec.encode(SPEC[topic].schema, record)) for topic, record in records]


def _record(
    sound: Sequence[tuple[int, ConsentRecord]], source: Source, rules: Rules
) -> dict[str, Any]:
    said = [consent for _, consent in sound]
    columns = {
        "offset": np.array([offset for offset, _ in sound], dtype=np.int64),
        "at_ms": np.array([consent.word.at_ms for consent in said], dtype=np.int64),
        "pseudonym": np.array([_pseudonym(consent, rules) for consent in said], dtype=np.uint64),
    }
    told = [_told(consent) for consent in said]
    return {
        "topic_id": source.topic_id,
        "partition": source.partition,
        **{name: [each[name] for each in told] for name in told[0]},
        **pack(columns, newest("consent_log").packed),
    }


def _pseudonym(consent: ConsentRecord, rules: Rules) -> int:
    word = consent.word
    return subject_id(rules.ring.at(word.at_ms).keys[GOVERNANCE], word.subject)


def _told(consent: ConsentRecord) -> dict[str, Any]:
    """All of a record but who, where and when."""
    word = consent.word
    version, sha256, basis = word.terms or ("", b"", "")
    return {
        "purpose": word.purpose.value,
        "action": word.action.value,
        "notice_version": version,
        "notice_sha256": sha256.hex(),
        "lawful_basis": basis,
        "actor_role": word.actor.role.value,
        "actor_id": word.actor.id,
        "jurisdiction": word.jurisdiction,
        "number": consent.number,
        "who": consent.who.hex(),
        "previous": consent.previous.hex(),
        "hash": consent.name.hex() if consent.who else "",
    }
