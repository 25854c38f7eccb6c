"""The registry behind the codec: an outage is Retry, everything else an answer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from events.codec import Codec
from events.confluent import SchemaRegistryError
from events.errors import Reject, Retry, Stop
from events.registry import ConfluentRegistry, client_for, codec_for
from events.schemas import bundled, newest
from events.settings import Settings
from events.topics import TOPICS


@dataclass(slots=True)
class FakeClient:
    """Answers like the Confluent client, or raises what it raises."""

    answer: Callable[[], Any]
    asked: list[str]

    def lookup_schema(self, subject: str, schema: Any) -> Any:
        self.asked.append(subject)
        return SimpleNamespace(schema_id=self.answer())

    def get_schema(self, schema_id: int) -> Any:
        return SimpleNamespace(schema_str=self.answer())


def registry(answer: Callable[[], Any]) -> ConfluentRegistry:
    return ConfluentRegistry(cast(Any, FakeClient(answer, [])))


def raising(error: Exception) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def outage() -> list[Exception]:
    return [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        ConnectionResetError(),
        SchemaRegistryError(503, 50301, "unavailable"),
        SchemaRegistryError(401, -1, "who are you"),
    ]


def test_a_registry_that_is_away_is_to_be_tried_again() -> None:
    for error in outage():
        away = registry(raising(error))
        with pytest.raises(Retry):
            away.schema_of(1)
        with pytest.raises(Retry):
            away.id_of(newest("accounting"))
        with pytest.raises(Retry):
            Codec(away).decode("accounting", b"\x00\x00\x00\x00\x01")


def test_an_id_the_registry_does_not_know_has_no_schema() -> None:
    error = SchemaRegistryError(404, 40403, "Schema not found")
    assert registry(raising(error)).schema_of(1) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "null",
        "[]",
        '"string"',
        'syntax = "proto3"; message A {}',
        '{"type": "object"}',
        '{"type": "record", "name": "a"',
        '{"type": "record", "fields": []}',
        '{"type": "array"}',
    ],
)
def test_a_schema_of_another_kind_refuses_the_message_and_nothing_more(text: str | None) -> None:
    with pytest.raises(Reject):
        Codec(registry(lambda: text)).decode("accounting", b"\x00\x00\x00\x00\x01\x02a")


def test_a_registered_schema_is_read_as_it_was_written() -> None:
    schema = newest("consent_record")
    assert registry(lambda: schema.text).schema_of(1) == json.loads(json.dumps(schema.parsed))


def test_every_schema_is_looked_up_under_the_value_of_its_topic() -> None:
    client = FakeClient(lambda: 7, [])
    for schema in bundled():
        assert ConfluentRegistry(cast(Any, client)).id_of(schema) == 7
    assert "interactions.raw-value" in client.asked
    assert len(set(client.asked)) == len(TOPICS)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: None,
        raising(SchemaRegistryError(404, 40401, "Subject not found")),
        raising(SchemaRegistryError(404, 40403, "Schema not found")),
    ],
)
def test_nothing_is_written_with_a_schema_that_the_registry_does_not_hold(
    answer: Callable[[], Any],
) -> None:
    with pytest.raises(Stop, match=r"accounting\.v3 under accounting-value.*glasshouse provision"):
        Codec(registry(answer)).encode("accounting", {})


def test_a_silent_registry_is_given_up_before_a_worker_loses_its_partitions() -> None:
    shortest_session_s = 6.0  # Kafka takes no shorter one by default
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        away = codec_for(Settings(schema_registry_url=url))
        started_s = time.monotonic()
        with pytest.raises(Retry, match="cannot be reached"):
            away.decode("accounting", b"\x00\x00\x00\x00\x01")
    assert time.monotonic() - started_s < shortest_session_s


def test_the_password_is_sent_to_the_registry_and_shown_to_nobody() -> None:
    settings = Settings(
        schema_registry_url="http://127.0.0.1:9",
        schema_registry_user="ann",
        schema_registry_password=SecretStr("cat"),
    )
    assert client_for(settings)._rest_client.auth == ("ann", "cat")
    assert "cat" not in repr(settings)


def test_without_a_registry_the_codec_frames_single_objects() -> None:
    assert codec_for(Settings()).registry is None
    assert codec_for(Settings(schema_registry_url="http://127.0.0.1:9")).registry is not None
