"""The codec behaves the same with a registry made up for tests and with a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from events.codec import Codec
from events.confluent import Schema
from events.errors import Retry
from events.outcomes import Rejected
from events.registry import client_for, codec_of
from events.schemas import AvroSchema, newest
from tests.containers.apicurio_registry import ApicurioRegistry
from tests.events.test_codec import NAMES, FakeRegistry, a_record, changed, framed, refused

pytestmark = pytest.mark.service

NAME = "consent_record"
UNKNOWN_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Registered:
    """``codec`` gives one that has looked nothing up yet; ``add`` registers a schema as its id."""

    codec: Callable[[], Codec]
    add: Callable[[AvroSchema], int]
    away: Callable[[], AbstractContextManager[None]]


def made_up() -> Registered:
    fake = FakeRegistry()

    def add(schema: AvroSchema) -> int:
        fake.schemas.append(schema)
        return len(fake.schemas)

    @contextmanager
    def away() -> Iterator[None]:
        fake.away = True
        yield
        fake.away = False

    return Registered(lambda: Codec(fake), add, away)


def real(registry: ApicurioRegistry, opened: ExitStack) -> Registered:
    """Schemas are added under subjects of their own, which no test has seen before."""

    def add(schema: AvroSchema) -> int:
        plain = {key: value for key, value in schema.items() if not key.startswith("__")}
        with client_for(registry.settings()) as client:
            return int(client.register_schema(f"test-{uuid4()}", Schema(json.dumps(plain), "AVRO")))

    anybody = registry.settings(schema_registry_user="")
    return Registered(lambda: opened.enter_context(codec_of(anybody)), add, registry.away)


@pytest.fixture(
    params=[
        pytest.param("made up", id="made-up"),
        pytest.param("container", id="apicurio", marks=pytest.mark.containers),
    ]
)
def registered(request: pytest.FixtureRequest) -> Iterator[Registered]:
    if request.param == "container":
        with ExitStack() as opened:
            yield real(request.getfixturevalue("registry"), opened)
    else:
        yield made_up()


@pytest.mark.parametrize("name", NAMES)
def test_what_one_client_writes_another_reads(name: str, registered: Registered) -> None:
    record = a_record(name)
    message = registered.codec().encode(name, record)
    assert message[0] == 0
    assert registered.codec().decode(name, message) == record


def test_both_framings_are_read_side_by_side(registered: Registered) -> None:
    record = a_record(NAME)
    reader = registered.codec()
    for writer in (Codec(), registered.codec()):
        assert reader.decode(NAME, writer.encode(NAME, record)) == record


def test_an_id_that_nobody_registered_is_an_unknown_schema(registered: Registered) -> None:
    message = registered.codec().encode(NAME, a_record(NAME))
    stranger = b"\x00" + UNKNOWN_ID.to_bytes(4, "big") + message[5:]
    assert refused(registered.codec(), stranger, NAME) is Rejected.UNKNOWN_SCHEMA


def test_another_record_under_a_known_id_is_an_unknown_schema(registered: Registered) -> None:
    other = registered.codec().encode("accounting", a_record("accounting"))
    assert refused(registered.codec(), other, NAME) is Rejected.UNKNOWN_SCHEMA


def test_a_field_that_a_later_writer_added_is_left_out(registered: Registered) -> None:
    channel = {"name": "channel", "type": "string", "default": "none"}
    later = changed(NAME, more=(channel,))
    record = a_record(NAME)
    _, message = framed(later, {**record, "channel": "portal"})
    known = b"\x00" + registered.add(later).to_bytes(4, "big") + message[5:]
    assert registered.codec().decode(NAME, known) == record


def test_a_registry_that_is_away_is_tried_again_and_no_messages_fault(
    registered: Registered,
) -> None:
    knows, codec = registered.codec(), registered.codec()
    record: dict[str, Any] = a_record(NAME)
    message = knows.encode(NAME, record)
    assert knows.decode(NAME, message) == record
    with registered.away():
        with pytest.raises(Retry):
            codec.decode(NAME, message)
        with pytest.raises(Retry):
            registered.codec().encode(NAME, record)
        assert knows.decode(NAME, knows.encode(NAME, record)) == record  # asked once, known since
    assert codec.decode(NAME, message) == record


def test_the_bundled_schema_is_recognised_so_that_reading_it_needs_no_resolution(
    registered: Registered,
) -> None:
    codec = registered.codec()
    message = codec.encode(NAME, a_record(NAME))
    writer, _ = codec.writer_of(message)
    assert writer is newest(NAME).parsed
