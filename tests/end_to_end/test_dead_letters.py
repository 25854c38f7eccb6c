"""Messages of a writer that nobody knew are refused, found, explained, and published again once it
is known: the tables are then exactly what they would have been, and stay so."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Producer

from events.batch import SCHEMA, InteractionBatch, to_record
from events.clock import MS_PER_HOUR, SystemClock
from events.codec import CONFLUENT_MAGIC, Codec
from events.kafka import client_config, topic_ids
from events.policy import BUNDLED_POLICY, load_policy
from events.redrive import HEADER, mark
from events.schemas import newest
from events.topics import Topic
from producers.publisher import Publisher
from streams.keys import save_keys
from tests.end_to_end import scenario, tables
from tests.end_to_end.stack import Stack, running_stack
from tests.kit.late_registry import LateRegistry, late_registry
from tests.oracle import World, expect
from tests.producers.read_back import everything_on
from tests.strategies import SUBJECTS, Sent, encoded, fixed_id, ring, sound_batch
from tests.streams.test_pipeline import epochs_of, everyone_grants

pytestmark = pytest.mark.service

KEYS = ring(0)
CANARY = "canary"
#: Id of a schema that the registry does not tell at first.
NEWER_ID = 777
PARTITION = 1
#: Offsets of what follows; the rest is sound.
OF_NEWER, GARBAGE, BAD_TEAM = (1, 3, 4), 2, 5


def newer_schema() -> dict[str, Any]:
    """What the next version of a producer may write: a field more, which readers leave out."""
    schema: dict[str, Any] = json.loads(newest(SCHEMA).text)
    schema["fields"].insert(2, {"name": "build", "type": "string", "default": ""})
    return schema


def written_newer(batch: InteractionBatch) -> bytes:
    out = io.BytesIO(CONFLUENT_MAGIC + struct.pack(">I", NEWER_ID))
    out.seek(5)
    record = {**to_record(batch), "build": f"{CANARY}-build"}
    fastavro.schemaless_writer(out, fastavro.parse_schema(newer_schema()), record)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Refused:
    """A stack at rest, whose books have the dead letters. ``batches``: all sound ones, those of
    the newer writer included."""

    stack: Stack
    registry: LateRegistry
    batches: list[InteractionBatch]
    created_ms: int

    def carry(self) -> None:
        """A worker and a loader carry all that waits."""
        worker = self.stack.start("worker")
        self.stack.wait_until_judged()
        assert worker.end() == 0
        self.stack.load()

    def dead_letters(self, *arguments: object) -> Any:
        """The JSON objects that a command says."""
        said = self.stack.must("dead-letters", *arguments, "--json").splitlines()
        return [json.loads(line) for line in said]

    def redriven(self, *arguments: object) -> dict[str, int]:
        """How many messages met which outcome."""
        (answer,) = self.dead_letters("redrive", *arguments)
        return {outcome: found["messages"] for outcome, found in answer["outcomes"].items()}


@pytest.fixture
def refused(tmp_path: Path) -> Iterator[Refused]:
    key_file = tmp_path / "keys.json"
    save_keys(KEYS, key_file)
    base_ms = SystemClock().now_ms() - MS_PER_HOUR
    batches = [
        sound_batch(
            *((0, 0, 3, 4, 0, 0), (9, 1, 90, 4, 0, 1), (60_000, 4, 0, 0, 2, 0)),
            batch_id=fixed_id("batch", number),
            subject=SUBJECTS[number % 2],
            base_time_ms=base_ms + number,
        )
        for number in range(5)
    ]
    bad_team = replace(batches[0], header=replace(batches[0].header, team=f"! {CANARY}"))
    messages = [
        encoded(batches[0]),
        written_newer(batches[1]),
        f"{CANARY}-garbage".encode(),
        *map(written_newer, batches[2:4]),
        encoded(bad_team),
        encoded(batches[4]),
    ]
    with (
        late_registry() as registry,
        running_stack(
            tmp_path / "stack", key_file=key_file, schema_registry_url=registry.url
        ) as stack,
    ):
        stack.must("consent", "grant", *SUBJECTS[:2], "--purpose", "all")
        producer = Producer(client_config(stack.settings))
        for value in messages:
            producer.produce(
                *(Topic.RAW.value, value, f"{CANARY}-key", PARTITION),
                timestamp=base_ms,
                headers=[("trace", f"{CANARY}-trace".encode())],
            )
        assert producer.flush(30) == 0
        found = Refused(stack, registry, batches, base_ms)
        found.carry()
        yield found


def test_dead_letters_are_listed_explained_and_published_again_once(refused: Refused) -> None:
    stack = refused.stack
    listed = refused.dead_letters("list")
    assert {(one["partition"], one["offset"], one["reason"]) for one in listed} == {
        *((PARTITION, offset, "unknown_schema") for offset in OF_NEWER),
        (PARTITION, GARBAGE, "undecodable"),
        (PARTITION, BAD_TEAM, "invalid_header"),
    }
    assert {one["whereabouts"] for one in listed} == {"in_kafka"}
    (shown,) = refused.dead_letters("show", f"{PARTITION}:{OF_NEWER[0]}")
    assert shown["framing"] == "Confluent, schema id not known"
    assert shown["accepted_now"] is False
    assert shown["headers"] == [{"name": "trace", "bytes": len(f"{CANARY}-trace")}]
    (shown,) = refused.dead_letters("show", f"{PARTITION}:{BAD_TEAM}")
    assert (shown["step"], shown["fault"]) == ("header", "unusable: team")
    still = {
        "left: still refused as unknown_schema": 3,
        "left: still refused as undecodable": 1,
        "left: still refused as invalid_header": 1,
    }
    assert refused.redriven("--all", "--yes") == still

    refused.registry.schemas[NEWER_ID] = json.dumps(newer_schema())
    (shown,) = refused.dead_letters("show", f"{PARTITION}:{OF_NEWER[0]}")
    assert shown["accepted_now"] is True
    assert shown["framing"] == "Confluent, schema id known"
    bad = {outcome: count for outcome, count in still.items() if "unknown" not in outcome}
    dry = {"would be published again": 3, **bad}
    assert refused.redriven("--all", "--dry-run") == dry
    # The first of three goes out, and the books do not know it yet: as if killed half-way.
    assert refused.redriven(f"{PARTITION}:{OF_NEWER[0]}") == {"published again": 1}
    again = {"left: it was published again before": 1, "published again": 2, **bad}
    assert refused.redriven("--all", "--yes") == again
    known = {"left: it was published again before": 3, **bad}
    assert refused.redriven("--all", "--yes") == known

    refused.carry()
    assert_tables_are_exact(refused)
    before = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    listed = refused.dead_letters("list", "--reason", "unknown_schema")
    assert {one["offset"]: one["copies"] for one in listed} == {1: [7], 3: [8], 4: [9]}
    assert {one["whereabouts"] for one in listed} == {"redriven"}
    (row,) = (one for one in refused.dead_letters("list", "--summary") if one["redriven"])
    assert (row["reason"], row["messages"], row["redriven"]) == ("unknown_schema", 3, 3)
    assert refused.redriven("--all", "--yes") == known
    assert refused.redriven("--reason", "unknown_schema", "--yes") == {
        "left: it was published again before": 3
    }
    assert_copies_are_the_originals(refused)

    # Two redrives at the same moment would send a copy twice.
    send_a_copy_again(refused)
    refused.carry()
    assert_tables_are_exact(refused)
    after = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    same = [name for name, table in before.items() if after[name].equals(table)]
    assert same == ["rows", "partials", "dead_letters", "consent_log"]
    assert_nothing_was_said(refused)


def send_a_copy_again(refused: Refused) -> None:
    letter = next(
        message
        for message in everything_on(Topic.RAW, refused.stack.settings)
        if (message.partition(), message.offset()) == (PARTITION, OF_NEWER[0])
    )
    topic_id = topic_ids(refused.stack.admin, [Topic.RAW])[Topic.RAW]
    with Publisher(refused.stack.settings, Codec()) as publisher:
        publisher.publish_again(letter, [mark(topic_id, PARTITION, OF_NEWER[0])], 3)


def assert_tables_are_exact(refused: Refused) -> None:
    """The rows are those of all sound batches, and the books hold."""
    stack = refused.stack
    run = [Sent(encoded(batch), batch) for batch in refused.batches]
    now_ms = SystemClock().now_ms()
    policy = load_policy(BUNDLED_POLICY)
    expected = expect(run, World(everyone_grants(), policy, epochs_of(KEYS), now_ms))
    rows = tables.rows(
        stack.data_dir, "SELECT batch, `index`, pseudonym FROM training.interactions FINAL"
    )
    assert len(rows) == len(expected.training)
    assert {(batch, index): who for batch, index, who in rows} == {
        identity: row[0] for identity, row in expected.training.items()
    }
    partials = tables.rows(
        stack.data_dir,
        "SELECT batch, toUnixTimestamp(window_start) * 1000, event_count "
        "FROM analytics.window_partials FINAL",
    )
    assert {(batch, start): count for batch, start, count in partials} == {
        identity: row[5] for identity, row in expected.partials.items()
    }
    assert json.loads(stack.must("reconcile", "--json"))["ok"] is True


def assert_copies_are_the_originals(refused: Refused) -> None:
    """In the raw topic each copy stands once, as it was sent at first."""
    stack = refused.stack
    messages = [
        message
        for message in everything_on(Topic.RAW, stack.settings, stack.settings.kafka_partitions)
        if message.partition() == PARTITION
    ]
    assert len(messages) == 10
    by_offset = {message.offset(): message for message in messages}
    for letter, copy in zip(OF_NEWER, (7, 8, 9), strict=True):
        first, second = by_offset[letter], by_offset[copy]
        assert (first.key(), first.value()) == (second.key(), second.value())
        assert first.timestamp() == second.timestamp()
        assert second.timestamp()[1] == refused.created_ms
        headers = second.headers()
        assert isinstance(headers, list)
        assert headers[:-1] == first.headers()
        name, value = headers[-1]
        assert name == HEADER
        assert value is not None
        assert str(value, "ascii").endswith(f":{PARTITION}:{letter}")  # type: ignore[arg-type]


def assert_nothing_was_said(refused: Refused) -> None:
    """No word of a message, its key or its headers, and nobody's name."""
    stack = refused.stack
    stack.must("dead-letters", "list")
    for offset in (OF_NEWER[0], GARBAGE, BAD_TEAM):
        stack.must("dead-letters", "show", f"{PARTITION}:{offset}")
    said = "".join(stack.said) + stack.logs()
    assert "unknown_schema" in said
    assert CANARY not in said
    books = ("accounting", "dead_letters")  # the team stands in the partials, rightly
    cells = tables.read(
        stack.data_dir, **{name: f"SELECT * FROM governance.{name}" for name in books}
    )
    assert CANARY not in str([table.to_pydict() for table in cells.values()])
