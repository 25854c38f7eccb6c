"""Reads what some people have said from the consent topic, from its start to its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from events.clock import Clock, SystemClock
from events.codec import Codec
from events.consent_chain import Chain, follows
from events.consent_key import key_parts
from events.consent_message import Heard, heard
from events.consent_record import ConsentRecord
from events.errors import ServerMissing, Stop
from events.kafka import arrived, client_config
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic

_POLL_RECORDS = 5_000
_POLL_S = 0.2


@dataclass(slots=True)
class Spoken:
    """What one person said about one purpose. ``heard`` are the messages that stand in ``chain``,
    in the same order; where one was changed or cannot be read its ``record`` may be missing."""

    chain: Chain = field(default_factory=Chain)
    heard: list[Heard] = field(default_factory=list, repr=False)

    @property
    def records(self) -> list[ConsentRecord | None]:
        return [each.record for each in self.heard]

    def follow(self) -> list[bool]:
        """Of each message whether it follows the one before it."""
        entries = self.chain.entries
        return [follows(head, each) for head, each in zip([None, *entries], entries, strict=False)]

    def take(self, each: Heard) -> None:
        self.heard = [other for other in self.heard if other.name != each.name]
        if each.entry is None:
            self.chain.forget(each.name)
        else:
            self.chain.take(each.entry)
            self.heard.append(each)


#: By person, as keys call them, and purpose.
Said = dict[tuple[bytes, Purpose], Spoken]


def read_said(
    people: Iterable[bytes],
    digest_key: bytes,
    settings: Settings,
    codec: Codec,
    clock: Clock | None = None,
) -> Said:
    """What each of ``people``, by keyed digest, has said about each purpose; nothing where they
    were silent.

    The end is where the broker has nothing more to give (its "end of partition"), so every record
    acknowledged before the call is seen. Raises ``ServerMissing`` if nothing comes for
    ``server_timeout_s``, ``Retry`` if a schema registry is away.
    """
    clock = clock or SystemClock()
    consumer = Consumer(
        client_config(
            settings,
            **{
                "group.id": "glasshouse-show",  # never joined: assign() needs a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # where the topic begins later than at 0
                "fetch.wait.max.ms": 100,  # the end is told only after this wait
            },
        )
    )
    said: Said = {(person, purpose): Spoken() for person in people for purpose in PURPOSES}
    heard_s = clock.monotonic_s()
    try:
        consumer.assign([TopicPartition(Topic.CONSENT.value, 0, 0)])
        while True:
            messages = arrived(consumer, _POLL_RECORDS, _POLL_S)
            if messages:
                heard_s = clock.monotonic_s()
            elif clock.monotonic_s() - heard_s > settings.server_timeout_s:
                raise ServerMissing(f"Kafka did not tell the end of {Topic.CONSENT.value}")
            for message in messages:
                if _is_end(message):
                    return said
                parts = key_parts(message.key(), digest_key)
                if parts and parts[:2] in said:
                    _take(said, heard(message.key(), message.value(), codec, digest_key))
    finally:
        consumer.close()


def _take(said: Said, found: Heard | None) -> None:
    if found:
        said[found.person, found.purpose].take(found)


def _is_end(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    if error.retriable() or error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return False  # the group is looked for even so, and who reads alone has no right to one
    raise Stop(f"topic {Topic.CONSENT.value} cannot be read: {error.name()}")
