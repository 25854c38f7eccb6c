"""People say what they want, and Kafka's acknowledgement of each word is timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, Message, Producer

from events.codec import Codec
from events.consent import SCHEMA, ConsentAction, ConsentRecord, to_record
from events.kafka import client_config
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from producers.consents import words

_WAIT_S = 60.0


class Registrar:
    """Records words, and waits for Kafka to acknowledge them."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self._codec = codec
        self._producer = Producer(client_config(settings, **{"linger.ms": 0, "acks": "all"}))

    def say(
        self, names: Sequence[str], action: ConsentAction, notice: str = ""
    ) -> dict[tuple[str, Purpose], float]:
        """Have ``names`` say the same about every purpose. For each word when (monotonic) Kafka's
        acknowledgement came here: so much later than it was given as the answer was under way."""
        acknowledged_s: dict[tuple[str, Purpose], float] = {}

        def heard_of(word: ConsentRecord) -> Callable[[KafkaError | None, Message], None]:
            def heard(error: KafkaError | None, _: Message) -> None:
                if error is None:
                    acknowledged_s[word.subject, word.purpose] = time.monotonic()

            return heard

        said = words(names, PURPOSES, action, notice, time.time_ns() // 1_000_000)
        for word in said:
            value = self._codec.encode(SCHEMA, to_record(word))
            place = (Topic.CONSENT.value, value, word.key)
            self._producer.produce(*place, on_delivery=heard_of(word))
        self._producer.flush(_WAIT_S)
        assert len(acknowledged_s) == len(said), "Kafka did not acknowledge what people said"
        return acknowledged_s
