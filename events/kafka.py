"""What every Kafka client of the project needs: its configuration, the topics, the true ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, TopicMetadata
from confluent_kafka.cimpl import NewTopic

from events.errors import ServerMissing, Stop
from events.settings import Settings
from events.topics import KEEPS_ALL_MS, SEGMENT_MS, SPEC, TOPICS, Topic, TopicSpec
from events.unreadable import StepOver

_ASK_TIMEOUT_S = 5.0

#: What a question meets while no broker answers.
_AWAY = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.REQUEST_TIMED_OUT,
    }
)


def client_config(settings: Settings, **more: Any) -> dict[str, Any]:
    """librdkafka properties to reach the cluster of ``settings``, plus ``more``."""
    return {
        "bootstrap.servers": settings.kafka_servers,
        "client.id": "glasshouse",
        # A missing broker is reported by us, once and in words, not by librdkafka line by line.
        "log_level": 2,
        **_security(settings),
        **more,
    }


def _security(settings: Settings) -> dict[str, Any]:
    transport = "SSL" if settings.kafka_tls else "PLAINTEXT"
    config: dict[str, Any] = {
        "security.protocol": f"SASL_{transport}" if settings.kafka_user else transport
    }
    if settings.kafka_tls and settings.kafka_ca_file:
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    if settings.kafka_user:
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = settings.kafka_user
        config["sasl.password"] = settings.kafka_password.get_secret_value()
    return config


def arrived(consumer: Consumer, most: int, within_s: float) -> list[Message]:
    """What has come, up to ``most``; it is waited for as long as there is nothing. (``consume``
    waits until there are ``most``, or the whole time.)"""
    first = consumer.poll(within_s)
    return [] if first is None else [first, *consumer.consume(most, timeout=0)]


def transactional_id(settings: Settings, source: Topic, partition: int) -> str:
    """Under which name a worker writes what it makes of a partition of ``source``: the same for
    every worker of the group, so that Kafka lets only the last one write."""
    return f"{transactional_prefix(settings)}{source.value}:{partition}"


def transactional_prefix(settings: Settings) -> str:
    """What those names begin with, and no other group's."""
    return f"{settings.worker_group}:"


def enrolment_id(settings: Settings) -> str:
    """Under which name people are given their secrets, and lose them: the same for everybody who
    does so, so that Kafka lets only the last one write."""
    return f"{settings.group_prefix}-enrolment"


def wait_for_kafka(
    settings: Settings, on_wait: Callable[[float], None] = lambda waited_s: None
) -> AdminClient:
    """An admin client of a cluster that answers.

    ``on_wait`` is called with the seconds waited before each further try. Raises ``ServerMissing``
    after ``server_timeout_s``.
    """
    said: set[int] = set()
    admin = AdminClient(client_config(settings, error_cb=lambda error: said.add(error.code())))
    started_s = time.monotonic()
    while True:
        waited_s = time.monotonic() - started_s
        left_s = settings.server_timeout_s - waited_s
        try:
            admin.list_topics(timeout=max(0.1, min(_ASK_TIMEOUT_S, left_s)))
            return admin
        except KafkaException:
            admin.poll(0)  # have the client say what it met
            if left_s <= 0:
                raise ServerMissing(
                    f"Kafka at {settings.kafka_servers} did not answer in "
                    f"{settings.server_timeout_s:g} s. {_advice(settings, said)}"
                ) from None
            on_wait(waited_s)
            time.sleep(min(0.5, max(0.0, left_s)))


def _advice(settings: Settings, said: Collection[int]) -> str:
    if KafkaError._AUTHENTICATION in said:
        return (
            f"It refuses user {settings.kafka_user}. Put right the password and "
            "--kafka-sasl-mechanism, or add the user with `glasshouse provision --passwords`."
        )
    if KafkaError._SSL in said:
        return (
            "Its certificate is not trusted, or is of another name. Put right --kafka-ca-file, and "
            "name the server as the certificate does."
        )
    return (
        "Is it running? Set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS), or leave it empty for the "
        "embedded broker of `glasshouse demo`. Where Kafka wants TLS or a user, name a settings "
        "file that has them with --config."
    )


def create_topics(
    admin: AdminClient, settings: Settings, topics: Collection[Topic] = tuple(Topic)
) -> None:
    """Create those of ``topics`` that are missing; those that exist are left as they are.

    Raises ``ServerMissing`` where the broker does not answer, and ``Stop`` where one cannot be made
    (where Kafka checks rights, one that this user may not see looks as if it were missing), or has
    a number of partitions that breaks a promise.
    """
    existing = _listed(admin)
    wanted = [
        NewTopic(
            topic.value,
            num_partitions=settings.kafka_partitions if SPEC[topic].partitioned else 1,
            replication_factor=settings.kafka_replicas,
            config=_topic_config(SPEC[topic], settings.kafka_replicas),
        )
        for topic in topics
        if topic.value not in existing
    ]
    for name, made in (admin.create_topics(wanted) if wanted else {}).items():
        try:
            made.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Stop(_not_made(name, error.args[0], settings.kafka_user)) from None
    _wait_until_known(admin, settings, topics)
    _refuse_odd_partitions(admin)


def _listed(admin: AdminClient) -> dict[str, TopicMetadata]:
    """Every topic by name. ``ServerMissing`` where the broker does not answer."""
    try:
        return admin.list_topics(timeout=_ASK_TIMEOUT_S).topics
    except KafkaException as error:
        raise _no_answer(error) from None


def _no_answer(error: KafkaException) -> ServerMissing:
    return ServerMissing(
        f"Kafka did not answer when it was asked for its topics ({error.args[0].name()}). Start "
        "again when it is back."
    )


def _topic_config(spec: TopicSpec, replicas: int) -> dict[str, str]:
    segment = str(SEGMENT_MS)
    config = (
        {"cleanup.policy": "compact", "max.compaction.lag.ms": segment}
        if spec.compacted
        else {"retention.ms": str(spec.retention_ms)}
    )
    config["segment.ms"] = segment
    if not spec.compacted and spec.retention_ms == KEEPS_ALL_MS:
        config["retention.bytes"] = str(KEEPS_ALL_MS)
    if replicas > 1:
        config["min.insync.replicas"] = str(least_in_sync(replicas))
    return config


def least_in_sync(replicas: int) -> int:
    """How many of a partition's replicas must have a message before it is acknowledged: most of
    them, so that what was acknowledged outlives any one broker (of two or more)."""
    return replicas // 2 + 1


def _not_made(topic: str, error: KafkaError, user: str) -> str:
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return (
            f"user {user or 'nobody'} may not use topic {topic}, or it is missing. Act as the user "
            "for whom this command is, or run `glasshouse provision --rights` as administrator."
        )
    return f"topic {topic} cannot be created: {error.name()}"


def _wait_until_known(admin: AdminClient, settings: Settings, topics: Collection[Topic]) -> None:
    """Kafka acknowledges a topic before its brokers know it: who asks at once is told there is
    none. ``ServerMissing`` after ``server_timeout_s``."""
    give_up_s = time.monotonic() + settings.server_timeout_s
    while True:
        known = _listed(admin)
        if all(topic.value in known and known[topic.value].partitions for topic in topics):
            return
        if time.monotonic() > give_up_s:
            raise ServerMissing("Kafka does not know the topics that it says it has made")
        time.sleep(0.05)


def _refuse_odd_partitions(admin: AdminClient) -> None:
    """A ledger of several partitions would be read in part only, so that somebody's no is missed;
    an output topic needs the partitions of the raw topic."""
    found = {spec: len(partitions_of(admin, spec.topic)) for spec in TOPICS}
    raw = found[SPEC[Topic.RAW]]
    for spec, count in found.items():
        wanted = raw if spec.partitioned else 1
        # 0: made a moment ago and not everywhere known yet, or not for this principal to see
        if count and wanted and count != wanted:
            raise Stop(
                f"topic {spec.topic.value} has {count} partitions and must have {wanted}. Delete "
                "it if it holds nothing yet, and run `glasshouse provision`. A broker that makes "
                "topics by itself (auto.create.topics.enable) makes them like this: switch it off."
            )


def topic_ids(admin: AdminClient, topics: Iterable[Topic]) -> dict[Topic, str]:
    """Kafka's id of each topic: it tells a topic from one that had the same name before.
    ``ServerMissing`` where the broker does not answer."""
    names = [topic.value for topic in topics]
    described = admin.describe_topics(TopicCollection(names), request_timeout=_ASK_TIMEOUT_S)
    try:
        return {Topic(name): str(future.result().topic_id) for name, future in described.items()}
    except KafkaException as error:
        if error.args[0].code() not in _AWAY:
            raise
        raise _no_answer(error) from None


def partitions_of(admin: AdminClient, topic: Topic) -> list[int]:
    """Partition numbers of a topic; empty if it does not exist. ``ServerMissing`` where the broker
    does not answer."""
    # All topics are listed, since many brokers create a topic that is asked for by name.
    metadata = _listed(admin).get(topic.value)
    return sorted(metadata.partitions) if metadata and metadata.error is None else []


def end_offsets(settings: Settings, topic: Topic, partitions: Iterable[int]) -> dict[int, int]:
    """The offset after the last message of each partition, proved by reading up to it.

    What a transaction has written counts, be it open, committed or aborted, and so do the marks
    that Kafka sets at its end, which take offsets like messages: a reader of what is committed gets
    there once nothing is open. (The end of what is committed moves a moment after the commit was
    acknowledged, so whoever asked for that one could miss what was just committed.)

    A broker's own answer (ListOffsets) is only where the reading starts: the embedded broker names
    the last record batch's first offset there, not the end. Where reading is forbidden that answer
    is taken: only Apache Kafka forbids, and its answer is the partition's high watermark, which is
    where a reader meets the end too (after a change of leader it waits until it knows: KIP-207).
    ``ServerMissing`` where the broker does not tell them, ``server_timeout_s`` at the latest.
    """
    consumer = Consumer(
        client_config(
            settings,
            **{
                # Never joined, but looked for: one that the operator may see.
                "group.id": settings.worker_group,
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "isolation.level": "read_uncommitted",
                "fetch.wait.max.ms": 50,  # the end is told only after this wait
            },
        )
    )
    try:
        told = {
            partition: consumer.get_watermark_offsets(
                TopicPartition(topic.value, partition),
                min(_ASK_TIMEOUT_S, settings.server_timeout_s),
                cached=False,
            )
            for partition in set(partitions)
        }
        return _read_to_the_ends(consumer, topic, told, settings.server_timeout_s)
    except KafkaException as error:
        raise ServerMissing(
            f"Kafka did not tell the end of {topic.value}: {error.args[0].name()}"
        ) from None
    finally:
        consumer.close()


def _read_to_the_ends(
    consumer: Consumer, topic: Topic, told: Mapping[int, tuple[int, int]], patience_s: float
) -> dict[int, int]:
    """The end of each partition of ``told`` (its first offset and its end, as the broker tells)."""
    consumer.assign(
        [
            TopicPartition(topic.value, partition, max(low, high - 1))
            for partition, (low, high) in told.items()
        ]
    )
    ends: dict[int, int] = {}
    step_over = StepOver()
    give_up_s = time.monotonic() + patience_s
    while len(ends) < len(told):
        if time.monotonic() > give_up_s:
            raise ServerMissing(f"Kafka did not tell the end of {topic.value}")
        message = consumer.poll(0.2)
        error = message.error() if message is not None else None
        if message is None or error is None or step_over.at(consumer, message):
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            ends[message.partition() or 0] = message.offset() or 0
        elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return {partition: high for partition, (_, high) in told.items()}
    return ends
