"""From the folder to Kafka: only forward, and only what was signed as it must be."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.broker import EmbeddedBroker
from deploy.policy.publish import following, publish_policies
from events.codec import Codec
from events.errors import InputError, PolicyRefused
from events.kafka import client_config, create_topics, wait_for_kafka
from events.policy_folder import add_signature
from events.policy_signature import SignedPolicy
from events.policy_topic import SCHEMA, key_of, to_record
from events.settings import Settings
from events.topics import Topic
from tests.events.policies import EMPLOYEES, EMPLOYER, FIRST, NARROWER, WIDER, Pen, text
from tests.events.test_policy_folder import public

pytestmark = pytest.mark.service

PEN = Pen()
V1 = PEN.signed(FIRST, EMPLOYER, EMPLOYEES)
V2 = PEN.signed(NARROWER, EMPLOYEES, before=FIRST)
V3 = PEN.signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER)
HALF = PEN.signed(WIDER, EMPLOYER, before=NARROWER)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker.log") as running:
        yield running


@pytest.fixture
def site(broker: EmbeddedBroker, tmp_path: Path) -> Callable[[str, Pen], Settings]:
    """Settings with a folder of policies of its own."""

    def made(name: str, pen: Pen = PEN) -> Settings:
        folder = tmp_path / name
        folder.mkdir()
        return Settings(
            kafka_servers=broker.servers,
            server_timeout_s=10,
            policy_dir=folder / "policies",
            employer_public_key=public(folder / "employer.pub", pen.keys[EMPLOYER]),
            employees_public_key=public(folder / "employees.pub", pen.keys[EMPLOYEES]),
        )

    return made


def add(settings: Settings, *versions: SignedPolicy) -> None:
    for signed in versions:
        for side in signed.signatures:
            add_signature(settings.policies_path, side, signed, sha256(signed.data).hexdigest())


def put(settings: Settings, *versions: SignedPolicy) -> None:
    """Write to the topic as somebody who does not ask `publish`."""
    producer = Producer(client_config(settings))
    for signed in versions:
        value = Codec().encode(SCHEMA, to_record(signed))
        producer.produce(Topic.POLICY.value, value, key_of(signed), partition=0)
    assert producer.flush(10) == 0


def in_force(settings: Settings) -> int | None:
    with following(settings, Codec()) as reader:
        return reader.history.newest.policy.version if reader.history.newest else None


def test_each_version_is_sent_once(site: Callable[[str], Settings]) -> None:
    settings = site("here")
    add(settings, V1, V2)
    assert publish_policies(settings)[1] == 2
    assert publish_policies(settings)[1] == 0
    add(settings, V3)
    newest, sent = publish_policies(settings)
    assert (newest.policy.version, sent, in_force(settings)) == (3, 1, 3)


def test_what_waits_for_a_signature_is_not_sent(site: Callable[[str], Settings]) -> None:
    settings = site("here")
    add(settings, V1, V2, HALF)
    newest, sent = publish_policies(settings)
    assert (newest.policy.version, sent) == (2, 2)


def test_an_unsigned_first_version_is_not_sent_and_the_error_says_who_is_missing(
    site: Callable[[str], Settings],
) -> None:
    settings = site("here")
    add(settings, PEN.signed(FIRST, EMPLOYER))
    with pytest.raises(PolicyRefused, match="not signed by the employees' representatives"):
        publish_policies(settings)
    with pytest.raises(InputError, match="there is no policy"):
        publish_policies(site("empty"))


def test_a_folder_without_its_newest_files_brings_no_older_version_back(
    site: Callable[[str], Settings],
) -> None:
    settings, cut = site("here"), site("cut")
    add(settings, V1, V2)
    publish_policies(settings)
    add(cut, V1)
    with pytest.raises(PolicyRefused, match="version 2 is in force, and is not in this folder"):
        publish_policies(cut)
    put(cut, V1)
    assert in_force(cut) == 2


def test_two_folders_that_went_different_ways_are_told_apart(
    site: Callable[[str], Settings],
) -> None:
    here, there = site("here"), site("there")
    add(here, V1, V2)
    publish_policies(here)
    add(there, V1, PEN.signed(text(2, grid_px="16"), EMPLOYER, before=FIRST))
    with pytest.raises(PolicyRefused, match="another text is in force as version 2"):
        publish_policies(there)


def test_what_somebody_writes_past_publish_changes_nothing_and_is_cleared_by_publishing_again(
    site: Callable[[str], Settings],
) -> None:
    settings = site("here")
    add(settings, V1, V2)
    publish_policies(settings)
    put(settings, HALF, replace(V3, signatures=HALF.signatures))
    with following(settings, Codec()) as reader:
        assert reader.history.newest is not None
        assert reader.history.newest.policy.version == 2
        assert len(reader.refusals) == 2
    assert publish_policies(settings)[1] == 1
    with following(settings, Codec()) as reader:
        assert reader.refusals == []


def test_versions_under_other_keys_are_passed_over(site: Callable[..., Settings]) -> None:
    """A trial on a cluster where another trial was; or after a side has a new key."""
    before, after = site("before", Pen()), site("after")
    create_topics(wait_for_kafka(before), before)
    add(after, V1)
    put(after, Pen().signed(FIRST, EMPLOYER, EMPLOYEES))
    publish_policies(after)
    assert in_force(after) == 1
    assert in_force(before) is None


def test_a_publisher_that_died_half_way_is_completed(site: Callable[[str], Settings]) -> None:
    settings = site("here")
    add(settings, V1, V2, V3)
    create_topics(wait_for_kafka(settings), settings)
    put(settings, V1)
    newest, sent = publish_policies(settings)
    assert (newest.policy.version, sent) == (3, 2)


def test_a_copy_of_the_folder_is_as_good(site: Callable[[str], Settings], tmp_path: Path) -> None:
    settings, copy = site("here"), site("copy")
    add(settings, V1, V2)
    shutil.copytree(settings.policies_path, copy.policies_path)
    publish_policies(settings)
    assert publish_policies(copy)[1] == 0
