"""Every place that reads what others wrote, as a function of bytes that says what became of them.

A target returns the reason of a refusal, or `sound`, and raises ``AssertionError`` where neither is
true. Any exception, other than those that the reader is declared to raise, is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import numpy as np
from aiokafka.errors import CorruptRecordException
from confluent_kafka import Message

from deploy.dead_letters.explain import explain
from events.batch import SCHEMA, from_record, to_record
from events.clock import SystemClock
from events.codec import MAX_SOURCE_BYTES, Codec
from events.consent_key import key_parts
from events.consent_record import SCHEMA as CONSENT
from events.consent_record import from_record as consent_of
from events.errors import Reject
from events.log import configure_logging
from events.outcomes import WHOLE_MESSAGE
from events.policy_topic import SCHEMA as POLICY
from events.purposes import PURPOSES
from events.redrive import HEADER, redriven_from
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA as SECRET
from events.subject_secret import SubjectSecret
from events.topics import SPEC, Topic
from sinks.coordinates import Coordinates
from sinks.decode import LOADED_TOPICS, rows_of
from streams.ledger import Ledger
from streams.ledger_reader import LedgerReader
from streams.record_batches import OVERSIZED, BoundedRecords
from streams.secrets import Secrets
from streams.secrets_reader import SecretsReader
from tests.fuzz import policies, seeds
from tests.fuzz.lies import EDGES, lying
from tests.fuzz.mutate import mutated
from tests.fuzz.take import judged
from tests.kit.consent import DIGEST_KEY, person
from tests.kit.record_batch import batch, compressed
from tests.oracle import secret_of
from tests.strategies import NOW_MS, SEALER, SEALING, SUBJECTS, TERMS

SOUND = "sound"
CODEC = seeds.REGISTERED


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes what ``make`` made. ``weight``: how many of the inputs, next to the others."""

    run: Callable[[bytes], str]
    make: Callable[[Random], bytes]
    weight: int = 2


def _mutations(found: Sequence[bytes]) -> Callable[[Random], bytes]:
    return lambda random: mutated(found, random)


def _messages(name: str) -> Callable[[Random], bytes]:
    """Half of them lie, half of them are mutated."""
    sound, records = seeds.messages(name), seeds.records()[name]
    schema, prefix = seeds.newest_schema(name), seeds.PLAIN.encode(name, records[0])[:10]

    def make(random: Random) -> bytes:
        if random.random() < 0.5:
            return mutated(sound, random)
        message = prefix + lying(schema, random.choice(records), random)
        return message if random.random() < 0.9 else mutated([message], random)

    return make


def _same_again(codec: Codec, name: str, record: Mapping[str, Any]) -> None:
    """What was read must be what would be written and read again."""
    again = codec.decode(name, codec.encode(name, record))
    assert again == record, "what was read is not what is written"


def interaction_batch(data: bytes) -> str:
    try:
        record = CODEC.decode(SCHEMA, data)
        batch = from_record(record)
    except Reject as refusal:
        assert refusal.reason in WHOLE_MESSAGE
        return refusal.reason.value
    batch = SEALER.sealed(batch) if batch.header.subject else batch
    again = from_record(CODEC.decode(SCHEMA, CODEC.encode(SCHEMA, to_record(batch))))
    assert again.header == batch.header
    assert all(np.array_equal(again.columns[name], batch.columns[name]) for name in batch.columns)
    times = batch.times_ms()
    assert times.min() >= 0
    assert np.all(np.diff(times) >= 0)
    return SOUND


def consent_record(data: bytes) -> str:
    """The first byte says how long the key is; the record follows it. It comes behind all that
    people needed to say: it may take that back, but lets nothing pass that did not before, and
    what it says of one person and purpose it says of no other."""
    record_at = 1 + int.from_bytes(data[:1], "big")
    key, value = data[1:record_at], data[record_at:]
    silent, agreed = (
        LedgerReader(Settings(), CODEC, SystemClock(), ledger=ledger, digest_key=DIGEST_KEY)
        for ledger in (Ledger(), seeds.everyone_agrees())
    )
    for reader in (silent, agreed):
        reader._take(cast(Message, _Said(key, value or None)))
    everything = [(person(subject), purpose) for subject in SUBJECTS for purpose in PURPOSES]
    assert all(silent.ledger.objection(*each, TERMS) for each in everything)
    stopped = [each for each in everything if agreed.ledger.objection(*each, TERMS)]
    parts = key_parts(key, DIGEST_KEY)
    assert not stopped or (parts and stopped == [(parts.person, parts.purpose)])
    try:
        consent_of(CODEC.decode(CONSENT, value), DIGEST_KEY)
    except Reject as refusal:
        return refusal.reason.value
    return SOUND


def subject_secret(data: bytes) -> str:
    """The first byte says how long the key is; the record follows it. Nobody ever has a secret but
    by a record that was sealed for them."""
    record_at = 1 + int.from_bytes(data[:1], "big")
    key, value = data[1:record_at], data[record_at:]
    reader = SecretsReader(Settings(), CODEC, SystemClock(), secrets=Secrets())
    reader._take(cast(Message, _Said(key, value or None)))
    for subject, secret in reader.secrets.known(SUBJECTS, SEALING).items():
        assert key == digest(SEALING.digest_key, subject)
        assert secret == SubjectSecret(secret_of(subject), 0)
        return SOUND
    try:
        CODEC.decode(SECRET, value)
    except Reject as refusal:
        return refusal.reason.value
    return "nobody's"


def policy_version(data: bytes) -> str:
    return policies.taken(data, CODEC)


@dataclass(frozen=True, slots=True)
class _Said:
    """A message of the consent topic, or of that of the secrets."""

    its_key: bytes
    its_value: bytes | None

    def error(self) -> None:
        return None

    def offset(self) -> int:
        return 1

    def key(self) -> bytes:
        return self.its_key

    def value(self) -> bytes | None:
        return self.its_value


def _said(random: Random) -> bytes:
    key = mutated(seeds.keys(), random) if random.random() < 0.5 else random.choice(seeds.keys())
    key = key[:255]
    value = _WORDS(random) if random.random() < 0.8 else b""
    return bytes([len(key)]) + key + value


_WORDS = _messages(CONSENT)


def _given(random: Random) -> bytes:
    """Mostly the key that a secret was sealed for."""
    number = random.randrange(len(seeds.records()[SECRET]))
    sound = seeds.secret_keys()[number]
    key = sound if random.random() < 0.8 else mutated([sound], random)[:255]
    value = CODEC.encode(SECRET, seeds.records()[SECRET][number])
    value = value if random.random() < 0.2 else _SECRETS(random)
    return bytes([len(key)]) + key + value


_SECRETS = _messages(SECRET)


def _rows(topic: Topic) -> Callable[[bytes], str]:
    """The loader's reading of a topic: whole tables, or a reason."""
    at, name = Coordinates(topic, seeds.TOPIC_ID, 3, 5, NOW_MS), SPEC[topic].schema

    def run(data: bytes) -> str:
        try:
            tables = rows_of(CODEC, at, data)
        except Reject as refusal:
            return refusal.reason.value
        for table in tables.values():
            table.validate(full=True)
        _same_again(CODEC, name, CODEC.decode(name, data))
        return SOUND

    return run


def record_batches(data: bytes) -> str:
    fetched, outcome = BoundedRecords(data), "nothing"
    try:
        while (found := fetched.next_batch()) is not None:
            found.validate_crc()
            outcome, before = SOUND, found.base_offset - 1
            for count, each in enumerate(found):
                assert before < each.offset < found.next_offset
                assert (
                    each.value is None
                    or each.value is OVERSIZED
                    or len(each.value) <= MAX_SOURCE_BYTES
                )
                assert all(name == HEADER for name, _ in each.headers)
                assert -1 <= each.timestamp < 2**32 * 1_000
                outcome = "refused" if each.value in (None, OVERSIZED) else outcome
                before = each.offset
                if count > 10_000:
                    break  # a batch may have millions; they come one at a time
    except CorruptRecordException:
        return "corrupt"
    return outcome


def redrive_header(data: bytes) -> str:
    origin = redriven_from([(HEADER, data)], seeds.TOPIC_ID, 3, 100)
    assert origin is None or 0 <= origin < 100
    return "no copy" if origin is None else SOUND


def explanation(data: bytes) -> str:
    found = explain(data, CODEC)
    assert (found.refused is None) == (interaction_batch(data) == SOUND)
    assert found.refused is None or (found.step and found.fault)
    return found.refused.value if found.refused else SOUND


def _fetch(random: Random) -> bytes:
    """Record batches: mutated as they are, or put together of mutated records with false numbers,
    which reaches behind the codec."""
    if random.random() < 0.3:
        return mutated(seeds.fetches(), random)
    records, codec = mutated(seeds.RECORDS, random), random.randrange(5)
    made = batch(
        compressed(records, codec),
        codec if random.random() < 0.9 else random.randrange(8),
        count=random.choice((3, 3, 3, *EDGES)) % 2**32 - 2**31 if random.random() < 0.3 else 3,
        last_delta=random.choice((2, 2, 9, 2**31 - 1, -1)),
        time_ms=random.choice((NOW_MS, *EDGES)) % 2**63,
        attributes=random.choice((0, 0, 0x08, 0x10)),
        base_offset=random.choice((0, 5, 2**62)),
    )
    return made if random.random() < 0.9 else mutated([made], random)


TARGETS: dict[str, Target] = {
    "interaction_batch": Target(interaction_batch, _messages(SCHEMA), 6),
    "take": Target(judged, _messages(SCHEMA), 1),
    "consent_record": Target(consent_record, _said, 4),
    "subject_secret": Target(subject_secret, _given, 2),
    **{
        SPEC[topic].schema: Target(_rows(topic), _messages(SPEC[topic].schema), 2)
        for topic in LOADED_TOPICS
    },
    "policy_version": Target(policy_version, _messages(POLICY), 2),
    "record_batches": Target(record_batches, _fetch, 4),
    "redrive_header": Target(redrive_header, _mutations(seeds.headers()), 2),
    "explanation": Target(explanation, _messages(SCHEMA), 2),
}

NAMES = tuple(TARGETS)


def quiet() -> None:
    """Refused words of consent are logged, each; not here."""
    configure_logging("critical", "text")
