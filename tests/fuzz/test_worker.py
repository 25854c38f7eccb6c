"""A real worker among hostile messages: it lives, stays small, and accounts for every one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Producer

from benchmarks.processes import peak_bytes
from deploy.dead_letters.explain import refusal
from events.batch import SCHEMA
from events.clock import MS_PER_HOUR, SystemClock
from events.codec import Codec
from events.kafka import client_config
from events.topics import Topic
from tests.end_to_end.stack import Stack, running_stack
from tests.fuzz.targets import TARGETS
from tests.strategies import encoded, fixed_id, sound_batch

pytestmark = pytest.mark.service

HOSTILE, SOUND = 10_000, 500
_PERSON = "anna"
_MOST_BYTES = 300_000_000
_STOPPED = 3


def hostile(random: Random) -> Iterator[bytes]:
    """Messages that must be refused whole. One that is sound in spite of its mutations would be
    another batch under a known id."""
    while True:
        message = TARGETS[SCHEMA].make(random)[:500_000]
        if refusal(message, Codec())[0] is not None:
            yield message


def sound(number: int) -> bytes:
    """A batch of two events of the one person who agrees."""
    base_ms = SystemClock().now_ms() - MS_PER_HOUR
    ids = {"batch_id": fixed_id("flood", number), "sequence": number}
    return encoded(sound_batch(subject=_PERSON, base_time_ms=base_ms, **ids))


def flood(stack: Stack, messages: list[bytes]) -> None:
    """Publish ``messages`` by turns of the partitions, with keys and headers that are anything."""
    random = Random(5)
    producer = Producer(client_config(stack.settings))
    for number, message in enumerate(messages):
        header: list[tuple[str, str | bytes | None]] = [
            ("n" * random.randrange(40), random.randbytes(random.randrange(40)))
        ]
        key = random.randbytes(random.choice((0, 8, 8, 5_000)))
        while True:
            try:
                producer.produce(
                    Topic.RAW.value, message, key, partition=number % 2, headers=header
                )
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


def test_a_worker_lives_among_hostile_messages_and_accounts_for_all(tmp_path: Path) -> None:
    messages = [*islice(hostile(Random(6)), HOSTILE), *map(sound, range(SOUND))]
    Random(7).shuffle(messages)
    limits = {"kafka_partitions": 2, "dead_letter_limit": 10 * HOSTILE}
    with running_stack(tmp_path / "stack", **limits) as stack:
        stack.must("consent", "acknowledge", _PERSON, "--purpose", "all")
        stack.must("consent", "grant", _PERSON, "--purpose", "all")
        worker = stack.start("worker")
        flood(stack, messages)
        stack.wait_until_judged()
        assert worker.process.poll() is None
        assert peak_bytes(worker.process.pid) < _MOST_BYTES
        assert worker.measure("glasshouse_dead_letters_total") == HOSTILE
        worker.end()
        stack.load()
        proof = json.loads(stack.must("reconcile", "--json"))
        rows = stack.must("query", "--json", "SELECT count() AS n FROM training.interactions FINAL")
        assert "canary" not in worker.log_file.read_text()
    assert proof["ok"], proof
    assert json.loads(rows)["n"] in (2 * SOUND, str(2 * SOUND))


def test_too_many_in_a_row_stop_a_worker_by_design_and_say_so(tmp_path: Path) -> None:
    limits = {"kafka_partitions": 1, "dead_letter_limit": 50}
    with running_stack(tmp_path / "stack", **limits) as stack:
        worker = stack.start("worker")
        producer = Producer(client_config(stack.settings))
        for message in islice(hostile(Random(8)), 200):
            producer.produce(Topic.RAW.value, message)
        assert producer.flush(60) == 0
        assert worker.process.wait(60) == _STOPPED
        assert "messages in a row were refused" in worker.log_file.read_text()
