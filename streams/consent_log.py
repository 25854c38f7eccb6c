"""The ledger as officers see it: every consent record, the person under the governance key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from events.columns import pack
from events.consent import SCHEMA, ConsentRecord, from_record
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
        try:
            record = from_record(rules.codec.decode(SCHEMA, message.value))
            keys.append(_keys_of(record, rules.ring))
            sound.append((message.offset, record))
        except Reject as refusal:
            broken.append(Broken(message.offset, message.time_ms, refusal.reason))
    records = [(Topic.DEAD_LETTERS, record) for record in dead_letter_records(broken, source)]
    if sound:
        columns = {
            "offset": np.array([offset for offset, _ in sound], dtype=np.int64),
            "at_ms": np.array([consent.at_ms for _, consent in sound], dtype=np.int64),
            "pseudonym": np.array(
                [
                    subject_id(own[GOVERNANCE], consent.subject)
                    for own, (_, consent) in zip(keys, sound, strict=True)
                ],
                dtype=np.uint64,
            ),
        }
        records.append(
            (
                Topic.CONSENT_LOG,
                {
                    "topic_id": source.topic_id,
                    "partition": source.partition,
                    "purpose": [consent.purpose.value for _, consent in sound],
                    "action": [consent.action.value for _, consent in sound],
                    "notice_version": [consent.notice_version for _, consent in sound],
                    **pack(columns, newest("consent_log").packed),
                },
            )
        )
    codec = rules.codec
    return [Emission(topic, codec.encode(SPEC[topic].schema, record)) for topic, record in records]


def _keys_of(record: ConsentRecord, ring: KeyRing) -> Mapping[str, bytes]:
    """The keys of the time at which the person spoke. A clock that is far ahead loses no record:
    it gets the last epoch that is known."""
    epoch = ring.at(min(record.at_ms, ring.known_until_ms - 1))
    if epoch.is_destroyed:
        raise Reject(Rejected.EPOCH_DESTROYED)
    return epoch.keys
