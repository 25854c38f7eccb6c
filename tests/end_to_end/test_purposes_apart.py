"""What one purpose gets cannot be joined with what another gets: over every column and every byte,
in the tables and in the topics, but for time and place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Message
from numpy.typing import NDArray

from events.batch import from_record
from events.codec import Codec
from events.columns import unpack
from events.purposes import Purpose
from events.schemas import newest
from events.topics import PURPOSE_TOPIC, SPEC, Topic
from events.vocabulary import Action, KeyClass
from tests.end_to_end import tables
from tests.end_to_end.conftest import Undisturbed
from tests.end_to_end.recordings import USERS
from tests.end_to_end.stack import glasshouse
from tests.producers.read_back import everything_on

pytestmark = pytest.mark.service

Values = Mapping[str, set[Any]]

TABLES = ("training.interactions", "analytics.window_partials")
TOPICS = (*PURPOSE_TOPIC.values(),)
GOVERNANCE = (Topic.ACCOUNTING, Topic.CONSENT_LOG, Topic.DEAD_LETTERS)

TIME_AND_PLACE = {"time", "window_start", "x_px", "y_px"} | {
    *("base_time_ms", "time_delta_ms", "window_start_ms")
}
#: Columns that may have values in common, because these say nothing of who it was.
PUBLIC = {
    "epoch": "the number of the key epoch: the same for all people of that time",
    "application": "a word of the policy's allow-list, or its place in a message's dictionary",
    "applications": "words of the policy's allow-list",
    "origin": "live, replay or simulated: one of three words",
    "surface": "a closed vocabulary of four",
    "action": "a closed vocabulary of ten",
    "role": "a closed vocabulary of twelve",
    "detail": "a button, a key class, or at most 1000 wheel steps",
    "screen_width_px": "a size that screens are sold in",
    "screen_height_px": "a size that screens are sold in",
    "sequence": "everybody's sessions are numbered from 0",
    "index": "everybody's batches are numbered from 0",
    "event_count": "a small number",
    "wheel_steps": "a small number",
    "path_px": "a small number",
    **{f"{action.name.lower()}_count": "a small number" for action in Action},
    **{f"{kind.name.lower()}_key_count": "a small number" for kind in KeyClass},
}
#: In a message `team` is a place in its dictionary `teams`.
PUBLIC_IN_MESSAGES = {**PUBLIC, "team": "a small number"}
#: Words that stand in the clear, but for one purpose only.
NAMES = {"team", "teams"}
#: What points to one person, session or batch.
IDENTIFYING = {"pseudonym", "session", "batch"}


def column_values(undisturbed: Undisturbed, table: str) -> Values:
    (found,) = tables.read(undisturbed.stack.data_dir, all=f"SELECT * FROM {table}").values()
    return {name: set(found[name].to_pylist()) for name in found.column_names}


def field_values(messages: Iterable[Message], topic: Topic) -> Values:
    """Every value in the messages, by field; what is packed, unpacked."""
    codec, layout = Codec(), newest(SPEC[topic].schema)
    values: dict[str, set[Any]] = {}
    for message in messages:
        record = codec.decode(layout.name, message.value())
        columns = unpack(record, layout.packed)
        for name, value in record.items():
            if name in columns:
                found = columns[name].tolist()
            elif isinstance(value, list):
                found = value
            else:
                found = [value] if not isinstance(value, dict) else [*value]
            values.setdefault(name, set()).update(found)
    return values


def assert_nothing_in_common(one: Values, other: Values, public: Mapping[str, str]) -> None:
    """No value of a column that is neither public nor time or place is in any column of the
    other, but for time and place."""
    telling = set(one) - set(public) - TIME_AND_PLACE
    assert telling <= IDENTIFYING | NAMES, "say of every new column what it is"
    assert {"pseudonym", "batch"} <= telling
    for name in telling:
        assert one[name]
        for elsewhere in set(other) - TIME_AND_PLACE:
            assert not one[name] & other[elsewhere], f"{name} is also in {elsewhere}"


@pytest.fixture(scope="module")
def messages(undisturbed: Undisturbed) -> dict[Topic, list[Message]]:
    settings = undisturbed.stack.settings
    return {
        topic: everything_on(
            topic, settings, settings.kafka_partitions if SPEC[topic].partitioned else 1
        )
        for topic in (Topic.RAW, *TOPICS, *GOVERNANCE)
    }


def test_no_value_of_one_purposes_table_is_in_the_others(undisturbed: Undisturbed) -> None:
    values = {table: column_values(undisturbed, table) for table in TABLES}
    for one, other in permutations(TABLES, 2):
        assert_nothing_in_common(values[one], values[other], PUBLIC)


def test_no_value_of_one_purposes_topic_is_in_the_others(
    messages: dict[Topic, list[Message]],
) -> None:
    values = {topic: field_values(messages[topic], topic) for topic in TOPICS}
    for one, other in permutations(TOPICS, 2):
        assert_nothing_in_common(values[one], values[other], PUBLIC_IN_MESSAGES)


def test_the_books_name_nobody_as_a_purpose_does(
    messages: dict[Topic, list[Message]], undisturbed: Undisturbed
) -> None:
    of_purposes = {
        value
        for table in TABLES
        for name, found in column_values(undisturbed, table).items()
        if name in IDENTIFYING
        for value in found
    }
    for topic in GOVERNANCE:
        for name, found in field_values(messages[topic], topic).items():
            assert not found & of_purposes, f"{topic}: {name}"


def test_no_message_of_an_output_topic_has_a_key_or_headers(
    messages: dict[Topic, list[Message]],
) -> None:
    for topic in (*TOPICS, *GOVERNANCE):
        assert messages[topic]
        assert {(message.key(), message.headers()) for message in messages[topic]} == {(None, None)}


def windows(chunks: Iterable[bytes]) -> NDArray[np.uint64]:
    """Every eight bytes that follow each other anywhere, as the numbers they would be."""
    data = b"\0".join(chunks)
    parts = [np.frombuffer(data, "<u8", (len(data) - start) // 8, start) for start in range(8)]
    return np.unique(np.concatenate(parts))


def test_no_identifier_is_among_the_bytes_of_what_it_does_not_belong_to(
    messages: dict[Topic, list[Message]],
) -> None:
    identifiers: dict[Topic, set[int]] = {
        topic: {
            value
            for name, found in field_values(messages[topic], topic).items()
            if name in IDENTIFYING
            for value in found
        }
        for topic in (*TOPICS, Topic.ACCOUNTING, Topic.CONSENT_LOG)
    }
    identifiers[Topic.RAW] = set(raw_identifiers(messages[Topic.RAW]))
    bytes_of = {
        topic: windows(message.value() or b"" for message in messages[topic])
        for topic in (*TOPICS, *GOVERNANCE)
    }
    for topic, found in identifiers.items():
        wanted = np.array(sorted(found - {0}), np.uint64)
        for other, found_there in bytes_of.items():
            is_there = np.isin(wanted, found_there).any()
            assert is_there == (topic is other), f"{topic} in {other}"


def raw_identifiers(messages: Iterable[Message]) -> Iterable[int]:
    """The halves of the batch and session UUIDs of the raw topic, as numbers."""
    codec = Codec()
    for message in messages:
        if (message.value() or b"")[:2] != b"\xc3\x01":
            continue  # broken on purpose
        header = from_record(codec.decode("interaction_batch", message.value())).header
        for identity in (header.batch_id, header.session):
            yield int.from_bytes(identity[:8], "little")
            yield int.from_bytes(identity[8:], "little")


def test_a_new_epoch_changes_every_pseudonym_and_leaves_the_old_ones(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    key_file = tmp_path / "keys.json"
    shutil.copy(undisturbed.stack.settings.keys_path, key_file)

    def pseudonyms() -> dict[tuple[str, int], str]:
        known = undisturbed.stack.must(
            *("keys", "pseudonym", USERS[0], "--json", "--key-file", key_file)
        )
        lines = [json.loads(line) for line in known.splitlines()]
        return {(line["purpose"], line["epoch"]): line["pseudonym"] for line in lines}

    before = pseudonyms()
    assert glasshouse("keys", "rotate", "--key-file", key_file, folder=tmp_path).returncode == 0
    after = pseudonyms()
    assert before.items() < after.items()
    assert len(set(after.values())) == len(after) == len(before) + len(Purpose)
