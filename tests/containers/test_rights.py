"""On Apache Kafka with rights, every user may do what stands here, and nothing else at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka_rights import Right, found_rights, grant
from events.errors import Stop
from events.kafka import client_config, create_topics
from events.settings import Settings
from events.topics import Topic
from tests.containers.acts import Observed, observe
from tests.containers.acts_on_cluster import ON_CLUSTER
from tests.containers.acts_on_groups import ON_GROUPS, joins
from tests.containers.acts_on_topics import ON_TOPICS, write
from tests.containers.cluster import patiently, remove_topics
from tests.containers.secured_kafka import UNNAMED, Secured

pytestmark = [pytest.mark.service, pytest.mark.containers]

TOPICS = [
    "interactions.raw",
    "consent",
    "subject_secrets",
    "interactions.agent_training",
    "windows.team_analytics",
    "accounting",
    "dead_letters",
    "consent_log",
    "policy",
]
GROUPS = ["glasshouse-worker", "glasshouse-loader", "somebody-else"]
TRANSACTIONAL_IDS = [
    "glasshouse-worker:interactions.raw:0",
    "glasshouse-worker:consent:0",
    "glasshouse-worker-too:interactions.raw:0",
    "glasshouse-loader:interactions.raw:0",
    "somebody-else:interactions.raw:0",
    "glasshouse-enrolment",
]

#: Written by hand, in the words of acts.py: what is not here must be refused.
MAY: dict[str, dict[str, str]] = {
    "producer": {"interactions.raw": "describe write"},
    "registrar": {
        "consent": "describe read write",
        "subject_secrets": "describe read write",
        "policy": "describe read write",
        "glasshouse-enrolment": "begin",
    },
    "worker": {
        "interactions.raw": "describe describe_configs read",
        "consent": "describe describe_configs read",
        "subject_secrets": "describe read",
        "policy": "describe read",
        "interactions.agent_training": "describe write",
        "windows.team_analytics": "describe write",
        "accounting": "describe write",
        "dead_letters": "describe write",
        "consent_log": "describe write",
        "glasshouse-worker": "describe see_offsets join",
        "glasshouse-worker:interactions.raw:0": "begin",
        "glasshouse-worker:consent:0": "begin",
    },
    "loader": {
        "interactions.agent_training": "describe describe_configs read",
        "windows.team_analytics": "describe describe_configs read",
        "accounting": "describe describe_configs read",
        "dead_letters": "describe describe_configs read",
        "consent_log": "describe describe_configs read",
        "glasshouse-loader": "describe see_offsets join",
    },
    "redriver": {"interactions.raw": "describe read write"},
    "custodian": {
        "interactions.raw": "describe read",
        "consent": "describe read write",
        "subject_secrets": "describe read write",
        "interactions.agent_training": "describe",
        "windows.team_analytics": "describe",
        "glasshouse-loader": "describe see_offsets",
        "glasshouse-enrolment": "begin",
    },
    "operator": {
        **dict.fromkeys(TOPICS, "describe describe_configs"),
        "policy": "describe describe_configs read",
        "glasshouse-worker": "describe see_offsets",
        "glasshouse-loader": "describe see_offsets",
        "cluster": "see_rights",
    },
}


def written_down(user: str) -> Observed:
    names = (*TOPICS, *GROUPS, *TRANSACTIONAL_IDS, "cluster")
    return {name: set(MAY[user].get(name, "").split()) for name in names}


def seen(secured: Secured, user: str) -> Observed:
    return observe(secured.acting_as(user), TOPICS, GROUPS, TRANSACTIONAL_IDS)


@pytest.fixture(scope="module")
def groups_known(secured: Secured) -> None:
    """Kafka first has to find out who coordinates a group, and would answer nothing else."""
    administrator = secured.acting_as("admin")
    assert all(joins(administrator, TOPICS, group) for group in GROUPS)


@pytest.fixture(autouse=True)
def a_message_on_every_topic(secured: Secured, groups_known: None) -> None:
    administrator = secured.acting_as("admin")
    create_topics(administrator.admin, administrator.settings)
    assert all(write(administrator, TOPICS).values())


@pytest.mark.parametrize("user", list(MAY))
def test_a_user_may_do_what_is_written_down_and_nothing_else(secured: Secured, user: str) -> None:
    assert seen(secured, user) == written_down(user)


def test_nothing_that_is_tried_is_refused_to_the_administrator(secured: Secured) -> None:
    found = seen(secured, "admin")
    assert all(found[topic] == {*ON_TOPICS, "delete"} for topic in TOPICS)
    assert all(found[group] == {*ON_GROUPS, "join"} for group in GROUPS)
    assert all(found[name] == {"begin"} for name in TRANSACTIONAL_IDS)
    assert found["cluster"] == {*ON_CLUSTER}


@pytest.fixture
def one_right_more(secured: Secured) -> Iterator[None]:
    """Whoever loads may also read what people did."""
    admin = secured.acting_as("admin").admin
    extra = Right("loader", "TOPIC", "interactions.raw", "READ")
    assert extra not in found_rights(admin)
    grant(admin, [extra])
    yield
    wanted = AclBindingFilter(
        restype=ResourceType.TOPIC,
        name="interactions.raw",
        resource_pattern_type=ResourcePatternType.LITERAL,
        principal="User:loader",
        host="*",
        operation=AclOperation.READ,
        permission_type=AclPermissionType.ALLOW,
    )
    assert len(admin.delete_acls([wanted])[wanted].result()) == 1


@pytest.mark.usefixtures("one_right_more")
def test_a_single_right_too_many_is_seen(secured: Secured) -> None:
    found, expected = seen(secured, "loader"), written_down("loader")
    assert {name for name in found if found[name] != expected[name]} == {"interactions.raw"}
    assert found["interactions.raw"] == {"describe", "read"}


def assert_refused(settings: Settings, why: str) -> None:
    """A client with these settings hears ``why`` (librdkafka's name) and gets no answer."""
    said: list[KafkaError] = []
    admin = AdminClient(client_config(settings, error_cb=said.append))
    for _ in patiently(f"the client says {why}"):
        admin.poll(0.05)
        if why in {error.name() for error in said}:
            break
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=0.2)


def test_a_user_that_nobody_added_and_a_wrong_password_are_refused(secured: Secured) -> None:
    assert_refused(secured.settings_of("worker", kafka_user="stranger"), "_AUTHENTICATION")
    wrong = secured.settings_of("worker", kafka_password="wrong")
    assert_refused(wrong, "_AUTHENTICATION")


def test_each_user_logs_in_in_one_way_only(secured: Secured) -> None:
    """PLAIN is the administrator's, SCRAM everybody else's."""
    for user, mechanism in (("worker", "PLAIN"), ("admin", "SCRAM-SHA-512")):
        settings = secured.settings_of(user, kafka_sasl_mechanism=mechanism)
        assert_refused(settings, "_AUTHENTICATION")


@pytest.mark.parametrize("without", [{"kafka_tls": False}, {"kafka_user": ""}], ids=str)
def test_who_speaks_in_the_clear_or_does_not_log_in_is_cut_off(
    secured: Secured, without: dict[str, object]
) -> None:
    for servers in (secured.servers, secured.controllers):
        settings = secured.settings_of("worker", kafka_servers=servers, **without)
        with pytest.raises(KafkaException):
            AdminClient(client_config(settings)).list_topics(timeout=1)


@pytest.mark.parametrize("user", ["admin", "worker"])
def test_a_broker_whose_authority_or_name_is_another_is_told_no_password(
    secured: Secured, user: str
) -> None:
    elsewhere = secured.servers.replace("127.0.0.1", UNNAMED)
    assert_refused(secured.settings_of(user, kafka_ca_file=""), "_SSL")
    assert_refused(secured.settings_of(user, kafka_servers=elsewhere), "_SSL")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_the_controllers_know_the_administrator_only(secured: Secured, mechanism: str) -> None:
    settings = secured.settings_of(
        "worker", kafka_servers=secured.controllers, kafka_sasl_mechanism=mechanism
    )
    assert_refused(settings, "_AUTHENTICATION")


def test_provisioning_again_changes_no_right_and_a_new_password_replaces_the_old(
    secured: Secured,
) -> None:
    old = secured.settings_of("registrar")
    before = found_rights(secured.acting_as("admin").admin)
    (secured.secrets / "kafka_registrar_password").unlink()
    secured.make_secrets()
    said = secured.provision()
    assert "0 rights were granted" in said
    assert found_rights(secured.acting_as("admin").admin) == before
    assert_refused(old, "_AUTHENTICATION")
    assert "consent" in secured.acting_as("registrar").admin.list_topics(timeout=10).topics


def test_a_user_who_may_not_make_a_topic_is_told_what_to_do(secured: Secured) -> None:
    remove_topics(secured.acting_as("admin").admin)
    producer = secured.acting_as("producer")
    with pytest.raises(Stop, match="user producer may not use topic consent"):
        create_topics(producer.admin, producer.settings, [Topic.CONSENT])
