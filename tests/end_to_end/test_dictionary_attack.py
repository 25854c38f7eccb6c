"""With the list of all employees, and all that is stored, but no key, nobody is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from events.codec import Codec
from events.compacted import last_values
from events.consent import ConsentAction
from events.consent_record import SCHEMA as CONSENT
from events.topics import SPEC, Topic
from producers.spool import open_spool
from streams.keys import KeyRing, load_keys
from tests.end_to_end import tables
from tests.end_to_end.attack import (
    people_found,
    people_in_the_consent_log,
    people_named,
    people_opened,
    people_who_spoke,
)
from tests.end_to_end.recordings import USERS, first_day, write_recordings
from tests.end_to_end.scenario import send_broken_messages
from tests.end_to_end.stack import Stack, running_stack
from tests.kit.consent import early
from tests.producers.read_back import everything_on
from tests.strategies import encoded, sound_batch, word, written_in

pytestmark = pytest.mark.service

EMPLOYEES = set(USERS[:4])
_SPOOL_BYTES = 40_000_000
#: But for views that must be given a parameter: these have no columns, and keep nothing.
_EVERY_TABLE = """
SELECT database || '.' || name FROM system.tables
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')
  AND (database, name) IN (SELECT database, table FROM system.columns)
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """All there is, but for the key file. ``raw``: the values of the raw topic. ``outside``: what
    somebody without a key may know, and try as one; ``salts``: of the consent records."""

    topics: dict[Topic, bytes]
    raw: list[bytes]
    secrets: dict[bytes, bytes]
    tables: bytes
    files: bytes
    keys: KeyRing
    outside: list[bytes]
    salts: list[bytes]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """Everybody agreed, was recorded, carried and loaded, some messages were refused; a spool still
    holds a batch of each."""
    folder = tmp_path_factory.mktemp("attacked")
    recordings = write_recordings(tmp_path_factory.mktemp("given"), tuple(sorted(EMPLOYEES)))
    with running_stack(folder, log_level="debug") as stack:
        for said in ("acknowledge", "grant"):
            stack.must("consent", said, *sorted(EMPLOYEES), "--purpose", "all")
        send_broken_messages(stack)
        stack.must("replay", recordings, "--start", first_day())
        worker = stack.start("worker")
        stack.wait_until_judged()
        assert worker.end() == 0
        stack.load()
        with open_spool(folder / "spool", _SPOOL_BYTES) as spool:
            for name in EMPLOYEES:
                spool.append(b"random by session", encoded(sound_batch(subject=name)), 2)
            topics, raw = _topics(stack)
            yield Stored(
                topics=topics,
                raw=raw,
                secrets=last_values(stack.settings, Topic.SECRETS),
                tables=_tables(stack),
                files=_files(stack),
                keys=load_keys(stack.settings.keys_path),
                outside=_outside(stack),
                salts=_salts(stack),
            )


def _topics(stack: Stack) -> tuple[dict[Topic, bytes], list[bytes]]:
    found, raw = {}, []
    for topic in Topic:
        partitions = stack.settings.kafka_partitions if SPEC[topic].partitioned else 1
        messages = everything_on(topic, stack.settings, partitions)
        assert messages, topic
        if topic is Topic.RAW:
            raw = [message.value() or b"" for message in messages]
        found[topic] = b" ".join(
            part
            for message in messages
            for part in (message.key(), message.value(), repr(message.headers()).encode())
            if part is not None
        )
    return found, raw


def _tables(stack: Stack) -> bytes:
    names = [name for (name,) in tables.rows(stack.data_dir, _EVERY_TABLE)]
    queries = {f"t{place}": f"SELECT * FROM {name}" for place, name in enumerate(names)}
    found = tables.read(stack.data_dir, **queries)
    return b" ".join(str(table.to_pydict()).encode() for table in found.values())


def _files(stack: Stack) -> bytes:
    files = [path for path in stack.folder.rglob("*") if path.is_file()]
    assert {"worker-1.log", "unsent.db", "unsent.db-wal"} <= {path.name for path in files}
    names = [str(path.relative_to(stack.folder)).encode() for path in files]
    key_file = stack.settings.keys_path
    return b" ".join([*names, *(path.read_bytes() for path in files if path != key_file)])


def _outside(stack: Stack) -> list[bytes]:
    public = load_keys(stack.settings.keys_path).sealing.public
    return [public.raw, public.id, *(topic.value.encode() for topic in Topic)]


def _salts(stack: Stack) -> list[bytes]:
    """Those of the consent records: they stand in the topic, and hide in the tables who is who."""
    values = last_values(stack.settings, Topic.CONSENT).values()
    salts = [Codec().decode(CONSENT, value)["salt"] for value in values]
    assert len(salts) >= 2 * len(EMPLOYEES)
    return salts


@pytest.mark.parametrize("topic", sorted(Topic))
def test_a_dictionary_attack_with_the_full_list_but_no_key_finds_nobody_in_a_topic(
    stored: Stored, topic: Topic
) -> None:
    salts = stored.salts if topic in (Topic.CONSENT, Topic.CONSENT_LOG) else []
    assert people_found(EMPLOYEES, stored.topics[topic], stored.outside, salts) == set()


def test_a_dictionary_attack_with_the_full_list_but_no_key_finds_nobody_in_any_table(
    stored: Stored,
) -> None:
    assert b"pseudonym" in stored.tables
    assert people_found(EMPLOYEES, stored.tables, stored.outside, stored.salts) == set()


def test_a_dictionary_attack_with_the_full_list_but_no_key_finds_nobody_in_any_file(
    stored: Stored,
) -> None:
    """Logs, the tables' own files, and a producer's spool."""
    assert people_found(EMPLOYEES, stored.files, stored.outside) == set()


@pytest.mark.parametrize("topic", [Topic.CONSENT, Topic.RAW])
def test_the_same_attack_finds_everybody_where_names_can_be_read(
    stored: Stored, topic: Topic
) -> None:
    """Planted: what the first version of a program wrote, before names were sealed."""
    planted = stored.topics[topic] + b"".join(_as_the_first_version(topic, n) for n in EMPLOYEES)
    assert people_found(EMPLOYEES, planted, stored.outside) == EMPLOYEES


def _as_the_first_version(topic: Topic, name: str) -> bytes:
    if topic is Topic.RAW:
        return written_in(1, sound_batch(subject=name))
    return early(word(ConsentAction.PAUSE, name)).key


@pytest.mark.parametrize("commitment", ["plain", "salted"])
def test_the_same_attack_finds_everybody_where_a_commitment_is_to_the_name_itself(
    stored: Stored, commitment: str
) -> None:
    """Planted: hashes of names with the salts that the topic has, and without."""
    salt = stored.salts[-1] if commitment == "salted" else b""
    planted = b"".join(hashlib.sha256(salt + name.encode()).digest() for name in EMPLOYEES)
    found = people_found(EMPLOYEES, stored.topics[Topic.CONSENT] + planted, [], stored.salts)
    assert found == EMPLOYEES


@pytest.mark.parametrize("keyed_by", ["a topic's name", "the public key"])
def test_the_same_attack_finds_everybody_under_a_key_that_is_none(
    stored: Stored, keyed_by: str
) -> None:
    """Planted: pseudonyms made with something that an outsider can know."""
    from streams.pseudonymise import subject_id

    key = stored.outside[0] if keyed_by == "the public key" else Topic.RAW.value.encode()
    planted = b" ".join(b"%d" % subject_id(key, name.encode()) for name in EMPLOYEES)
    assert people_found(EMPLOYEES, stored.tables + planted, stored.outside) == EMPLOYEES


def test_handed_the_keys_the_attack_finds_everybody(stored: Stored) -> None:
    more = EMPLOYEES | {"nobody-at-all"}
    digest_key = stored.keys.sealing.digest_key
    assert people_who_spoke(more, stored.topics[Topic.CONSENT], digest_key) == EMPLOYEES
    assert people_opened(more, stored.raw, stored.keys) == EMPLOYEES
    assert people_named(more, stored.secrets, stored.tables, stored.keys) == EMPLOYEES
    assert people_in_the_consent_log(more, stored.tables, stored.keys) == EMPLOYEES


def test_without_the_secrets_all_other_keys_lead_to_nobodys_rows(stored: Stored) -> None:
    """Who was forgotten: the keys are there, the secret is not."""
    assert people_named(EMPLOYEES, {}, stored.tables, stored.keys) == set()
