"""The ledger as officers see it: every consent record, the person under the governance key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from events.columns import pack
from events.consent_record import SCHEMA, ConsentRecord, from_record
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import GOVERNANCE
from events.schemas import newest
from events.topics import SPEC, Topic
from streams.decode import Broken, RawMessage
from streams.emit import Emission, Source, dead_letter_records
from streams.key_ring import KeyRing
from streams.pipeline import Rules
from streams.pseudonymise import subject_id


def consent_log(messages: Sequence[RawMessage], source: Source, rules: Rules) -> list[Emission]:
    """Messages for the consent log, and dead letters for records that cannot be read, or are from
    a time whose keys were destroyed: these count in the ledger as ever, but have no pseudonym."""
    sound: list[tuple[int, ConsentRecord]] = []
    keys: list[Mapping[str, bytes]] = []
    broken: list[Broken] = []
    for message in messages:
        if message.value is None:
            continue  # a record was taken out of the topic: that is not one of its records
        try:
            written = rules.codec.decode(SCHEMA, message.value)
            record = from_record(written, rules.ring.sealing.digest_key)
            keys.append(_keys_of(record, rules.ring))
            sound.append((message.offset, record))
        except Reject as refusal:
            broken.append(Broken(message.offset, message.time_ms, refusal.reason))
    records = [(Topic.DEAD_LETTERS, record) for record in dead_letter_records(broken, source)]
    if sound:
        records.append((Topic.CONSENT_LOG, _record(sound, keys, source)))
    codec = rules.codec
    return [Emission(topic, codec.encode(SPEC[topic].schema, record)) for topic, record in records]


def _record(
    sound: Sequence[tuple[int, ConsentRecord]], keys: Sequence[Mapping[str, bytes]], source: Source
) -> dict[str, Any]:
    said = [consent for _, consent in sound]
    columns = {
        "offset": np.array([offset for offset, _ in sound], dtype=np.int64),
        "at_ms": np.array([consent.word.at_ms for consent in said], dtype=np.int64),
        "pseudonym": np.array(
            [
                subject_id(own[GOVERNANCE], consent.person)
                for own, consent in zip(keys, said, strict=True)
            ],
            dtype=np.uint64,
        ),
    }
    told = [_told(consent) for consent in said]
    return {
        "topic_id": source.topic_id,
        "partition": source.partition,
        **{name: [each[name] for each in told] for name in told[0]},
        **pack(columns, newest("consent_log").packed),
    }


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


def _keys_of(record: ConsentRecord, ring: KeyRing) -> Mapping[str, bytes]:
    """The keys of the time at which the person spoke. A clock that is far ahead loses no record:
    it gets the last epoch that is known."""
    epoch = ring.at(min(record.word.at_ms, ring.known_until_ms - 1))
    if epoch.is_destroyed:
        raise Reject(Rejected.EPOCH_DESTROYED)
    return epoch.keys
