"""Planted words turn up in no topic, table, file or log; people's names only where they must."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer

from events.clock import SystemClock
from events.kafka import client_config
from events.topics import SPEC, Topic
from tests.end_to_end import canaries, tables
from tests.end_to_end.canaries import MARK, NUMBER
from tests.end_to_end.recordings import first_day
from tests.end_to_end.stack import Stack, running_stack
from tests.producers.read_back import everything_on

pytestmark = pytest.mark.service

#: Words that a topic may hold.
MAY_HOLD = {
    Topic.RAW: (canaries.APPLICATION, canaries.BROKEN),
    Topic.CONSENT: (canaries.BROKEN,),
}
#: But for views that must be given a parameter: these have no columns, and keep nothing.
_EVERY_TABLE = """
SELECT database || '.' || name FROM system.tables
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')
  AND (database, name) IN (SELECT database, table FROM system.columns)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All was said, recorded, carried and loaded, with logs as talkative as they get."""
    folder = tmp_path_factory.mktemp("canaries")
    inputs = tmp_path_factory.mktemp("inputs")
    with running_stack(folder, log_level="debug") as stack:
        say(stack)
        at = ("--start", first_day(), "--application", canaries.APPLICATION)
        stack.must("replay", canaries.balabit_recordings(inputs / f"{MARK}-balabit"), *at)
        ducktrack = canaries.ducktrack_recording(inputs / f"{MARK}-ducktrack")
        stack.must("replay", ducktrack, *at, "--subject", canaries.DUCKTRACK_PERSON, "--json")
        send_broken(stack)
        worker = stack.start("worker", log_format="json")
        loader = stack.start("load")
        stack.wait_until_judged()
        stack.wait_until_loaded()
        for one in (worker, loader):
            with urlopen(f"http://127.0.0.1:{one.metrics_port}/metrics", timeout=30) as answer:
                stack.said.append(answer.read().decode())
        assert worker.end() == 0
        assert loader.end() == 0
        stack.must("reconcile")
        stack.must("status", "--json")
        yield stack


def say(stack: Stack) -> None:
    """Everybody but one agrees; there are also a withdrawal, a pause and a resumption."""
    speaking = [person for person in canaries.PEOPLE if person != canaries.SILENT_PERSON]
    stack.must("consent", "acknowledge", *speaking, "--purpose", "all")
    stack.must("consent", "grant", *speaking, "--purpose", "all")
    stack.must("consent", "pause", canaries.SILENT_PERSON)
    stack.must("consent", "withdraw", canaries.SILENT_PERSON, "--json")


def send_broken(stack: Stack) -> None:
    """Messages that are refused, also one on the consent topic."""
    producer = Producer(client_config(stack.settings))
    word = canaries.BROKEN.encode()
    for message in canaries.broken_messages(SystemClock().now_ms()):
        producer.produce(Topic.RAW.value, message, word, headers=[(canaries.BROKEN, word)])
    producer.produce(Topic.CONSENT.value, word, word)
    assert producer.flush(30) == 0


def holds(data: bytes | str, allowed: Iterable[str] = ()) -> bool:
    """Whether a planted word is in ``data`` besides those that are allowed."""
    found = data if isinstance(data, bytes) else data.encode()
    for word in allowed:
        found = found.replace(word.encode(), b"")
    number = (str(NUMBER).encode(), NUMBER.to_bytes(8, "little"))
    return MARK.encode() in found.lower() or any(form in found for form in number)


@pytest.mark.parametrize("topic", Topic)
def test_no_topic_holds_a_planted_word(stack: Stack, topic: Topic) -> None:
    partitions = stack.settings.kafka_partitions if SPEC[topic].partitioned else 1
    messages = everything_on(topic, stack.settings, partitions)
    assert messages
    everything = [
        part
        for message in messages
        for part in (message.key(), message.value(), repr(message.headers()).encode())
        if part is not None
    ]
    assert not any(holds(part, MAY_HOLD.get(topic, ())) for part in everything)
    # The search finds what is there.
    for word in MAY_HOLD.get(topic, ()):
        assert any(word.encode() in part for part in everything)


def test_no_table_holds_a_planted_word(stack: Stack) -> None:
    names = [name for (name,) in tables.rows(stack.data_dir, _EVERY_TABLE)]
    assert {"training.interactions", "governance.dead_letters", "analytics.team_hours"} <= {*names}
    queries = {f"t{place}": f"SELECT * FROM {name}" for place, name in enumerate(names)}
    queries |= {"made": "SELECT create_table_query FROM system.tables"}
    found = tables.read(stack.data_dir, **queries)
    text = {name: str(table.to_pydict()) for name, table in found.items()}
    assert not [name for name, cells in text.items() if holds(cells)]
    assert "other" in text[f"t{names.index('training.interactions')}"]
    assert "invalid_header" in text[f"t{names.index('governance.dead_letters')}"]


def test_no_file_in_the_data_directory_or_log_holds_a_planted_word(stack: Stack) -> None:
    files = [path for path in stack.folder.rglob("*") if path.is_file()]
    assert {"keys.json", "worker-1.log", "load-2.log", "broker.log"} <= {one.name for one in files}
    assert "worker starts" in (stack.log_dir / "worker-1.log").read_text()
    leaks = [path for path in files if holds(str(path.relative_to(stack.folder)).encode())]
    leaks += [path for path in files if holds(path.read_bytes())]
    assert not leaks


def test_no_command_says_a_planted_word_but_in_the_path_of_a_bad_row(stack: Stack) -> None:
    paths = [
        str(path)
        for inputs in stack.folder.parent.glob("inputs*")
        for path in sorted(inputs.rglob("*"), reverse=True)
    ]
    said = "".join(line for output in stack.said for line in output.splitlines())
    assert "has an unknown state" in said
    assert "is not JSON" in said
    assert holds(said)
    assert not holds(said, paths)


def test_no_consumer_group_or_topic_has_a_planted_word_in_its_name(stack: Stack) -> None:
    groups = stack.admin.list_consumer_groups().result().valid
    names = [group.group_id for group in groups or ()] + [*stack.admin.list_topics().topics]
    assert Topic.RAW.value in names
    assert not any(map(holds, names))


def test_the_sound_events_of_those_who_agreed_came_through(stack: Stack) -> None:
    counts = tables.rows(
        stack.data_dir,
        "SELECT toString(action), count() FROM training.interactions FINAL GROUP BY action",
    )
    # Of one person's session, and of the DuckTrack recording.
    assert dict(counts) == {
        "move": 3 + 4,
        "button_down": 1 + 1,
        "button_up": 1,
        "key_down": 2,
        "key_up": 1,
    }
