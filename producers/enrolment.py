"""Gives people the secrets under which their pseudonyms are made, and takes them away.

A secret must never change while a person has one, or the same batch would get two names. So only
one process at a time enrols: each opens the same Kafka transaction, which ends what another has
open (KIP-98), before it looks who has a secret already.

1. open the transaction: what another process had not committed, it never will
2. read the topic to its end: who has a secret keeps it
3. write one for everybody else, and commit all at once

A process that dies anywhere leaves everybody with the secret they had, or without one; without one
nothing of theirs passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException, Producer

from events.clock import MS_PER_S, Clock
from events.codec import Codec
from events.compacted import last_values
from events.errors import Reject, Stop
from events.kafka import client_config, enrolment_id
from events.sealing import digest
from events.sealing_file import Sealing, digest_key_of
from events.settings import Settings
from events.subject_secret import FORGOTTEN, SCHEMA, new_secret, to_record
from events.topics import Topic


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``sealing`` must have the digest key."""

    settings: Settings
    codec: Codec
    sealing: Sealing
    clock: Clock

    def enrol(self, subjects: Iterable[str]) -> int:
        """Have everybody of ``subjects`` have a secret; how many had none. Who was forgotten gets a
        new one, for what begins from now on; anybody else one for all time, since replays and late
        batches are older than their enrolment.

        Raises ``Stop`` where Kafka does not take it, or another process enrols at the same time.
        """
        producer = self._opened()
        known = last_values(self.settings, Topic.SECRETS, self.clock)
        new: dict[bytes, dict[str, Any]] = {}
        for subject in dict.fromkeys(subjects):
            name = self._digest(subject)
            if not self._has_secret(known.get(name)):
                from_ms = self.clock.now_ms() if name in known else 0
                new[name] = to_record(new_secret(from_ms), name, self.sealing.public)
        self._write(producer, new)
        return len(new)

    def forget(self, names: Iterable[bytes]) -> None:
        """Put the mark of the forgotten in the place of the secrets under ``names``, the people's
        digests. A secret itself is gone once Kafka has compacted the topic. Raises as ``enrol``."""
        self._write(self._opened(), dict.fromkeys(names, FORGOTTEN))

    def _digest(self, subject: str) -> bytes:
        return digest(digest_key_of(self.sealing, self.settings.sealing_path), subject)

    def _has_secret(self, value: bytes | None) -> bool:
        try:
            return bool(self.codec.decode(SCHEMA, value)["sealed_secret"])
        except Reject:
            return False

    def _opened(self) -> Producer:
        more = {
            "transactional.id": enrolment_id(self.settings),
            "transaction.timeout.ms": int(self.settings.commit_within_s * MS_PER_S),
            "compression.type": "zstd",
            "log_level": 0,
        }
        producer = Producer(client_config(self.settings, **more))
        try:
            producer.init_transactions(self.settings.server_timeout_s)
        except KafkaException as error:
            raise _not_enrolled(error) from None
        return producer

    def _write(self, producer: Producer, records: dict[bytes, dict[str, Any]]) -> None:
        if not records:
            return
        try:
            producer.begin_transaction()
            for key, record in records.items():
                value = self.codec.encode(SCHEMA, record)
                while True:
                    try:
                        producer.produce(Topic.SECRETS.value, value, key, partition=0)
                        break
                    except BufferError:
                        producer.poll(0.1)
            producer.commit_transaction(self.settings.server_timeout_s)
        except KafkaException as error:
            raise _not_enrolled(error) from None


def _not_enrolled(error: KafkaException) -> Stop:
    return Stop(
        f"nobody was enrolled: Kafka says {error.args[0].name()}. If somebody else enrols people "
        "at this moment, run this again when they are done."
    )
