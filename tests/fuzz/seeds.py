"""Sound messages of every kind: where fuzzing starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from events.batch import SCHEMA, InteractionBatch
from events.codec import Codec
from events.consent import ConsentAction
from events.consent_record import SCHEMA as CONSENT
from events.consent_record import ConsentRecord
from events.policy import BUNDLED_POLICY, load_policy
from events.policy_topic import SCHEMA as POLICY
from events.purposes import PURPOSES
from events.redrive import HEADER, mark
from events.schemas import AvroSchema, BundledSchema, bundled
from events.sealing import digest
from events.subject_secret import SCHEMA as SECRET
from events.topics import SPEC, Topic
from events.vocabulary import Action, KeyClass
from streams.consent_log import consent_log
from streams.decode import RawMessage
from streams.emit import Source, emit
from streams.ledger import Ledger
from streams.pipeline import Rules, process
from tests.fuzz import policies
from tests.kit.consent import chained, early, ledger_of, message_of
from tests.kit.record_batch import Made, batch, compressed, record
from tests.kit.secrets import records_of, secrets
from tests.strategies import (
    NOW_MS,
    SEALING,
    SUBJECTS,
    fixed_id,
    record_of,
    ring,
    sound_batch,
    word,
    written_in,
)
from tests.strategies import everyone_agrees as agreed

TOPIC_ID = "topic-id"
SOURCE = Source(Topic.RAW, TOPIC_ID, 3, "f" * 64)
_KEY_EVENTS = [(400, int(Action.KEY_DOWN), 0, 0, int(kind), 3) for kind in KeyClass]
_POINTER = [(9, step % 4, 10 * step, 5 * step, step % 2, step % 12) for step in range(40)]
_GAPS = [(65_535, 9, 0, 0, 0, 0)] * 5


@dataclass(slots=True)
class KnownSchemas:
    """A schema registry that holds the bundled schemas, by their places from 1 on."""

    _all: tuple[BundledSchema, ...] = field(default_factory=bundled)

    def id_of(self, schema: BundledSchema) -> int:
        return 1 + self._all.index(schema)

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        return self._all[schema_id - 1].parsed if 0 < schema_id <= len(self._all) else None


PLAIN, REGISTERED = Codec(), Codec(KnownSchemas())
RULES = Rules(REGISTERED, load_policy(BUNDLED_POLICY), ring(0))
SECRETS = secrets()


def batches() -> list[InteractionBatch]:
    """Of keys, of a pointer, of pauses, and of two events; each of another person."""
    rows: tuple[list[tuple[int, ...]], ...] = ([*_KEY_EVENTS], [*_POINTER], [*_GAPS], [])
    return [
        sound_batch(*events, batch_id=fixed_id("batch", number), subject=SUBJECTS[number % 3])
        for number, events in enumerate(rows)
    ]


def words() -> list[ConsentRecord]:
    """Each kind of word, of each person about each purpose; and two of the first version."""
    said = [
        word(action, subject, purpose)
        for subject in SUBJECTS
        for purpose in PURPOSES
        for action in ConsentAction
    ]
    return [*chained(said), *early_words()]


def early_words() -> list[ConsentRecord]:
    """Of the first version, with a name and without a chain."""
    return [early(word(action)) for action in (ConsentAction.GRANT, ConsentAction.PAUSE)]


def _consent_records() -> list[dict[str, Any]]:
    """All of them as they are read; with bytes, where Avro's defaults are texts."""
    found = [PLAIN.decode(CONSENT, message_of(each)[1]) for each in words()]
    bytes_of = {
        each["name"] for each in newest_schema(CONSENT)["fields"] if each["type"] == "bytes"
    }
    return [
        {name: b"" if name in bytes_of and not each[name] else each[name] for name in each}
        for each in found
    ]


def everyone_agrees() -> Ledger:
    return ledger_of(agreed())


@cache
def records() -> dict[str, list[dict[str, Any]]]:
    """Sound records by schema, as decoded."""
    codec = PLAIN
    raw = [
        RawMessage(at, NOW_MS, codec.encode(SCHEMA, record_of(b))) for at, b in enumerate(batches())
    ]
    raw += [RawMessage(9, NOW_MS, b"broken"), RawMessage(10, NOW_MS, raw[0].value, 9)]
    emissions = emit(process(raw, RULES, everyone_agrees(), SECRETS, NOW_MS), SOURCE, 0, {}, codec)
    said = [RawMessage(at, NOW_MS, message_of(each)[1]) for at, each in enumerate(words())]
    emissions += consent_log(said, SOURCE, Rules(codec, RULES.policy, RULES.ring))
    found: dict[str, list[dict[str, Any]]] = {
        SCHEMA: [record_of(each) for each in batches()],
        CONSENT: _consent_records(),
        SECRET: [codec.decode(SECRET, each) for each in records_of(SUBJECTS, SEALING).values()],
        POLICY: policies.records(),
    }
    for emission in emissions:
        name = SPEC[emission.topic].schema
        found.setdefault(name, []).append(codec.decode(name, emission.value))
    return found


def messages(name: str) -> list[bytes]:
    """Sound messages with the schema ``name``, in both framings; and as earlier programs wrote
    them."""
    return earlier_messages().get(name, []) + [
        codec.encode(name, each) for each in records()[name] for codec in (PLAIN, REGISTERED)
    ]


def earlier_messages() -> dict[str, list[bytes]]:
    """By schema, what earlier versions of it wrote."""
    return {
        CONSENT: [message_of(each)[1] or b"" for each in early_words()],
        SCHEMA: [written_in(version, each) for version in (1, 2) for each in batches()],
    }


#: What stands in a batch, before it is packed.
RECORDS = [
    record(Made(b"value", b"anna"), 0)
    + record(Made(None, None, [(b"trace", None), (HEADER.encode(), b"topic-id:3:0")]), 1)
    + record(Made(bytes(70_000), b"\xff", [(b"\xff\xfe", b"x")], 1_000), 2),
    b"".join(record(Made(b"v"), place) for place in range(3)),
]


@cache
def fetches() -> list[bytes]:
    """What a broker gives out: record batches in every codec, with and without headers."""
    name, place = mark(TOPIC_ID, 3, 0)
    some = [
        Made(messages(SCHEMA)[0], b"anna"),
        Made(None, None, [(name.encode(), place), (b"trace", None)]),
        Made(b"broken", b"\xff", [(b"\xff\xfe", b"x")], 1_000),
    ]
    zeros = Made(bytes(70_000))
    return [batch(some, codec, time_ms=NOW_MS) + batch([zeros], codec) for codec in range(5)] + [
        batch(compressed(bytes(20_000_000), codec), codec, count=2) for codec in range(1, 5)
    ]


@cache
def headers() -> list[bytes]:
    """Values of the header that marks a copy."""
    return [mark(TOPIC_ID, 3, offset)[1] for offset in (0, 7, 10**18)]


@cache
def keys() -> list[bytes]:
    """Keys of consent records."""
    return [word.key for word in words()]


@cache
def secret_keys() -> list[bytes]:
    """Keys of the records of secrets, in their order."""
    return [digest(SEALING.digest_key, subject) for subject in SUBJECTS]


def newest_schema(name: str) -> Mapping[str, Any]:
    """The schema that a message of ``name`` is written with."""
    return next(each.parsed for each in reversed(bundled()) if each.name == name)
