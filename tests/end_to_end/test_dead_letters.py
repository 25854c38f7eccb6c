"""Messages of a writer that nobody knew are refused, found, explained, and published again once it
is known: the tables are then exactly what they would have been, and stay so."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import fastavro
import pytest
from confluent_kafka import Message, Producer

from deploy.dead_letters.redrive import ALREADY
from events.batch import SCHEMA, InteractionBatch
from events.clock import MS_PER_HOUR, SystemClock
from events.codec import CONFLUENT_MAGIC, Codec
from events.kafka import client_config, topic_ids
from events.policy import BUNDLED_POLICY, load_policy
from events.redrive import mark
from events.schemas import newest
from events.topics import Topic
from events.unreadable import headers_of
from producers.publisher import Publisher
from streams.keys import save_keys
from tests.end_to_end import scenario, tables
from tests.end_to_end.stack import Stack, running_stack
from tests.kit.late_registry import LateRegistry, late_registry
from tests.oracle import World, expect
from tests.producers.read_back import everything_on
from tests.strategies import (
    SUBJECTS,
    Sent,
    encoded,
    everyone_agrees,
    fixed_id,
    record_of,
    ring,
    sound_batch,
)
from tests.streams.test_pipeline import epochs_of

pytestmark = pytest.mark.service

KEYS = ring(0)
CANARY = "canary"
#: Id of a schema that the registry does not tell at first.
NEWER_ID = 777
PARTITION = 1
#: Offsets of what follows; the rest is sound.
OF_NEWER, GARBAGE, BAD_TEAM = (1, 3, 4), 2, 5
COPIES = (7, 8, 9)
STILL = {"left: still refused as undecodable": 1, "left: still refused as invalid_header": 1}


def newer_schema() -> dict[str, Any]:
    """What the next version of a producer may write: a field more, which readers leave out."""
    schema: dict[str, Any] = json.loads(newest(SCHEMA).text)
    schema["fields"].insert(2, {"name": "build", "type": "string", "default": ""})
    return schema


def written_newer(batch: InteractionBatch) -> bytes:
    out = io.BytesIO(CONFLUENT_MAGIC + struct.pack(">I", NEWER_ID))
    out.seek(5)
    record = {**record_of(batch), "build": f"{CANARY}-build"}
    fastavro.schemaless_writer(out, fastavro.parse_schema(newer_schema()), record)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Run:
    """A stack whose books have the dead letters. ``batches``: all sound ones, those of the newer
    writer included. ``said``: what the commands said on the way, by a name for each."""

    stack: Stack
    registry: LateRegistry
    batches: list[InteractionBatch]
    created_ms: int
    said: dict[str, Any] = field(default_factory=dict)

    def carry(self) -> None:
        """A worker and a loader carry all that waits."""
        worker = self.stack.start("worker")
        self.stack.wait_until_judged()
        assert worker.end() == 0
        self.stack.load()

    def ask(self, name: str, *arguments: object) -> None:
        """Keep the JSON objects that a command says."""
        lines = self.stack.must("dead-letters", *arguments, "--json").splitlines()
        self.said[name] = [json.loads(line) for line in lines]

    def outcomes(self, name: str) -> dict[str, int]:
        """How many messages met which outcome of a redrive."""
        (answer,) = self.said[name]
        return {outcome: found["messages"] for outcome, found in answer["outcomes"].items()}

    def raw(self) -> dict[int | None, Message]:
        """The messages of the partition by offset."""
        settings = self.stack.settings
        return {
            message.offset(): message
            for message in everything_on(Topic.RAW, settings, settings.kafka_partitions)
            if message.partition() == PARTITION
        }


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Judged, loaded and looked at; nothing is put right yet."""
    folder = tmp_path_factory.mktemp("dead-letters")
    save_keys(KEYS, folder / "keys.json")
    base_ms = SystemClock().now_ms() - MS_PER_HOUR
    with (
        late_registry() as registry,
        running_stack(
            folder / "stack", key_file=folder / "keys.json", schema_registry_url=registry.url
        ) as stack,
    ):
        stack.must("consent", "acknowledge", *SUBJECTS[:2], "--purpose", "all")
        stack.must("consent", "grant", *SUBJECTS[:2], "--purpose", "all")
        run = Run(stack, registry, sound_batches(base_ms), base_ms)
        send(run)
        run.carry()
        run.ask("listed", "list")
        for offset in (OF_NEWER[0], GARBAGE, BAD_TEAM):
            run.ask(f"shown {offset}", "show", f"{PARTITION}:{offset}")
        run.ask("too early", "redrive", "--all", "--yes")
        yield run


def sound_batches(base_ms: int) -> list[InteractionBatch]:
    return [
        sound_batch(
            *((0, 0, 3, 4, 0, 0), (9, 1, 90, 4, 0, 1), (60_000, 4, 0, 0, 2, 0)),
            batch_id=fixed_id("batch", number),
            subject=SUBJECTS[number % 2],
            base_time_ms=base_ms + number,
        )
        for number in range(5)
    ]


def send(run: Run) -> None:
    """Sound and broken messages, with words in key and headers."""
    first, *others = run.batches
    bad_team = replace(first, header=replace(first.header, team=f"! {CANARY}"))
    messages = [
        encoded(first),
        written_newer(others[0]),
        f"{CANARY}-garbage".encode(),
        *map(written_newer, others[1:3]),
        encoded(bad_team),
        encoded(others[3]),
    ]
    producer = Producer(client_config(run.stack.settings))
    for value in messages:
        producer.produce(
            *(Topic.RAW.value, value, f"{CANARY}-key", PARTITION),
            timestamp=run.created_ms,
            headers=[("trace", f"{CANARY}-trace".encode())],
        )
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def redriven(refused: Run) -> Run:
    """The registry knows the schema now; what it lacked is published again, judged and loaded."""
    run = refused
    run.registry.schemas[NEWER_ID] = json.dumps(newer_schema())
    run.ask("shown after", "show", f"{PARTITION}:{OF_NEWER[0]}")
    run.ask("dry", "redrive", "--all", "--dry-run")
    # The first of three goes out, and the books do not know it yet: as if killed half-way.
    run.ask("one", "redrive", f"{PARTITION}:{OF_NEWER[0]}")
    run.ask("the rest", "redrive", "--all", "--yes")
    run.carry()
    run.ask("listed after", "list", "--reason", "unknown_schema")
    run.ask("summary", "list", "--summary")
    return run


def test_dead_letters_are_listed(refused: Run) -> None:
    listed = refused.said["listed"]
    assert {(one["partition"], one["offset"], one["reason"]) for one in listed} == {
        *((PARTITION, offset, "unknown_schema") for offset in OF_NEWER),
        (PARTITION, GARBAGE, "undecodable"),
        (PARTITION, BAD_TEAM, "invalid_header"),
    }
    assert {one["whereabouts"] for one in listed} == {"in_kafka"}


def test_dead_letters_are_explained(refused: Run) -> None:
    (unknown,), (garbage,), (bad_team,) = (
        refused.said[f"shown {offset}"] for offset in (OF_NEWER[0], GARBAGE, BAD_TEAM)
    )
    assert unknown["framing"] == "Confluent, schema id not known"
    assert unknown["accepted_now"] is False
    assert unknown["headers"] == [{"name": "trace", "bytes": len(f"{CANARY}-trace")}]
    assert unknown["key_bytes"] == len(f"{CANARY}-key")
    assert garbage["step"] == "framing"
    assert (bad_team["step"], bad_team["fault"]) == ("header", "unusable: team")


def test_what_is_still_refused_is_left(refused: Run) -> None:
    assert refused.outcomes("too early") == {"left: still refused as unknown_schema": 3, **STILL}


def test_what_is_accepted_now_is_published_again_once(redriven: Run) -> None:
    (shown,) = redriven.said["shown after"]
    assert shown["accepted_now"] is True
    assert shown["framing"] == "Confluent, schema id known"
    assert redriven.outcomes("dry") == {"would be published again": 3, **STILL}
    assert redriven.outcomes("one") == {"published again": 1}
    assert redriven.outcomes("the rest") == {ALREADY: 1, "published again": 2, **STILL}
    listed = redriven.said["listed after"]
    assert {one["offset"]: one["copies"] for one in listed} == dict(
        zip(OF_NEWER, ([copy] for copy in COPIES), strict=True)
    )
    assert {one["whereabouts"] for one in listed} == {"redriven"}
    (row,) = (one for one in redriven.said["summary"] if one["redriven"])
    assert (row["reason"], row["messages"], row["redriven"]) == ("unknown_schema", 3, 3)


def test_a_copy_is_the_original_and_a_mark(redriven: Run) -> None:
    raw = redriven.raw()
    topic_id = topic_ids(redriven.stack.admin, [Topic.RAW])[Topic.RAW]
    for letter, copy in zip(OF_NEWER, COPIES, strict=True):
        first, second = raw[letter], raw[copy]
        assert (first.key(), first.value()) == (second.key(), second.value())
        assert second.timestamp() == first.timestamp()
        assert second.timestamp()[1] == redriven.created_ms
        assert headers_of(second) == [*headers_of(first), mark(topic_id, PARTITION, letter)]


def test_the_tables_are_those_of_all_sound_batches(redriven: Run) -> None:
    stack = redriven.stack
    run = [Sent(encoded(batch), batch) for batch in redriven.batches]
    policy, now_ms = load_policy(BUNDLED_POLICY), SystemClock().now_ms()
    expected = expect(run, World(everyone_agrees(), policy, epochs_of(KEYS), now_ms))
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


def test_redriving_again_changes_nothing_and_a_second_copy_changes_no_row(redriven: Run) -> None:
    stack = redriven.stack
    before = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    redriven.ask("again", "redrive", "--all", "--yes")
    assert redriven.outcomes("again") == {ALREADY: 3, **STILL}
    letter = redriven.raw()[OF_NEWER[0]]
    topic_id = topic_ids(stack.admin, [Topic.RAW])[Topic.RAW]
    # As two redrives at the same moment would do.
    with Publisher(stack.settings, Codec()) as publisher:
        publisher.publish_again(letter, [mark(topic_id, PARTITION, OF_NEWER[0])], 3)
    assert max(offset for offset in redriven.raw() if offset is not None) == COPIES[-1] + 1
    redriven.carry()
    after = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    same = [name for name, table in before.items() if after[name].equals(table)]
    assert same == ["rows", "partials", "dead_letters", "consent_log"]
    assert json.loads(stack.must("reconcile", "--json"))["ok"] is True


def test_nobody_says_a_word_of_a_message_its_key_or_its_headers(redriven: Run) -> None:
    stack = redriven.stack
    stack.must("dead-letters", "list")
    stack.must("dead-letters", "show", f"{PARTITION}:{BAD_TEAM}")
    said = "".join(stack.said) + stack.logs()
    assert "unusable: team" in said
    assert CANARY not in said
    books = ("accounting", "dead_letters")  # the team stands in the partials, rightly
    cells = tables.read(
        stack.data_dir, **{name: f"SELECT * FROM governance.{name}" for name in books}
    )
    assert CANARY not in str([table.to_pydict() for table in cells.values()])
