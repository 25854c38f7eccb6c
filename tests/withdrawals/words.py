"""People say what they want, and Kafka's acknowledgement of each word is timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, Message, Producer

from events.codec import Codec
from events.consent import ConsentAction, Word
from events.consent_record import SCHEMA, to_record
from events.kafka import client_config
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from producers.consent_pen import Pen
from producers.consents import enrolment, words

_WAIT_S = 60.0


class Registrar:
    """Records words, and waits for Kafka to acknowledge them."""

    def __init__(self, settings: Settings, codec: Codec, digest_key: bytes) -> None:
        self._codec, self._pen = codec, Pen(digest_key)
        self._producer = Producer(client_config(settings, **{"linger.ms": 0, "acks": "all"}))

    def enrol(self, names: Sequence[str], policy: Policy) -> None:
        """Have ``names`` see the notice in force and agree to every purpose."""
        self._send(enrolment(names, PURPOSES, _now_ms(), policy))

    def say(self, names: Sequence[str], action: ConsentAction) -> dict[tuple[str, Purpose], float]:
        """Have ``names`` say the same about every purpose. For each word when (monotonic) Kafka's
        acknowledgement came here: so much later than it was given as the answer was under way."""
        return self._send(words(names, PURPOSES, action, _now_ms()))

    def _send(self, said: Sequence[Word]) -> dict[tuple[str, Purpose], float]:
        acknowledged_s: dict[tuple[str, Purpose], float] = {}
        reports = 0

        def heard_of(word: Word) -> Callable[[KafkaError | None, Message], None]:
            def heard(error: KafkaError | None, _: Message) -> None:
                nonlocal reports
                if error is None:
                    reports += 1
                    acknowledged_s[word.subject, word.purpose] = time.monotonic()

            return heard

        for word in said:
            record = self._pen.write(word)
            value = self._codec.encode(SCHEMA, to_record(record))
            place = (Topic.CONSENT.value, value, record.key)
            self._producer.produce(*place, on_delivery=heard_of(word))
        self._producer.flush(_WAIT_S)
        assert reports == len(said), "Kafka did not acknowledge what people said"
        return acknowledged_s


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
