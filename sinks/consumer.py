"""The Kafka consumer of the loader: its configuration, and the little of it the loader uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from events.errors import Stop
from events.kafka import client_config
from events.log import log
from events.settings import Settings

#: A group is joined, and a dead member noticed, after about the session timeout or the poll
#: interval: brokers wait that long for members. The loader polls many times a second, also while
#: an insert is being repeated, so neither has to be as long as an outage of ClickHouse.
_POLL_INTERVALS = 1.5

#: Most bytes librdkafka reads ahead, in kB. Together with two blocks of rows it is what a loader
#: holds in memory.
_READ_AHEAD_KB = 65_536

_HOPELESS = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)

#: Told the partitions of an assignment, or of its end.
Heard = Callable[[Any, list[TopicPartition]], None]


class Message(Protocol):
    def error(self) -> KafkaError | None: ...
    def topic(self) -> str | None: ...
    def partition(self) -> int | None: ...
    def offset(self) -> int | None: ...
    def value(self) -> bytes | None: ...
    def timestamp(self) -> tuple[int, int]: ...


class MessageSource(Protocol):
    """What the loader uses of ``confluent_kafka.Consumer``, with the same meaning."""

    def subscribe(
        self, topics: list[str], *, on_assign: Heard, on_revoke: Heard, on_lost: Heard
    ) -> None: ...
    def poll(self, timeout: float) -> Message | None: ...
    def commit(
        self, *, offsets: list[TopicPartition], asynchronous: Literal[False]
    ) -> list[TopicPartition]: ...
    def committed(
        self, partitions: list[TopicPartition], timeout: float
    ) -> list[TopicPartition]: ...
    def assignment(self) -> list[TopicPartition]: ...
    def pause(self, partitions: list[TopicPartition]) -> None: ...
    def resume(self, partitions: list[TopicPartition]) -> None: ...
    def seek(self, partition: TopicPartition) -> None: ...
    def get_watermark_offsets(
        self, partition: TopicPartition, *, cached: bool
    ) -> tuple[int, int] | None: ...
    def close(self) -> None: ...


def open_consumer(settings: Settings) -> MessageSource:
    """A consumer in the loader's group that commits only what it is told to."""
    session_ms = int(settings.group_session_timeout_s * 1_000)
    return Consumer(
        client_config(
            settings,
            **{
                "group.id": settings.loader_group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                # librdkafka's default, but all rests on it: what a worker did not commit is not so.
                "isolation.level": "read_committed",
                "session.timeout.ms": session_ms,
                "heartbeat.interval.ms": session_ms // 3,
                "max.poll.interval.ms": int(_POLL_INTERVALS * session_ms),
                "queued.max.messages.kbytes": _READ_AHEAD_KB,
                "fetch.wait.max.ms": 100,
                "error_cb": _outage,
            },
        )
    )


def stop_if_hopeless(error: KafkaError) -> None:
    """Raise ``Stop`` for an error that waiting does not mend; log any other."""
    if error.fatal() or error.code() in _HOPELESS:
        raise Stop(
            f"Kafka refuses to be read: {error.name()}. Are the topics there, and may this user "
            "read them and use the loader's group?"
        )
    log.warning("kafka trouble, going on", error=error.name())


def names_of(error: KafkaException) -> str:
    """Name of the error, for a log line."""
    inner = error.args[0] if error.args else None
    return inner.name() if isinstance(inner, KafkaError) else type(error).__name__


def _outage(error: KafkaError) -> None:
    if error.code() == KafkaError._ALL_BROKERS_DOWN:
        log.warning("no Kafka broker answers, waiting for one")
