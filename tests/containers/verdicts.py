"""What Kafka's answer to an act means: permitted, or forbidden.

An act counts as forbidden only if Kafka says that it is a matter of rights; any other error fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
#: Said only to who may: the act itself makes no sense at this moment.
_PERMITTED = {
    KafkaError.TOPIC_ALREADY_EXISTS,
    KafkaError.GROUP_ID_NOT_FOUND,
    KafkaError.ELECTION_NOT_NEEDED,
    KafkaError.POLICY_VIOLATION,  # nothing is ever cut off a compacted topic
}
WAIT_S = 20.0


def permits(error: KafkaError | None) -> bool:
    """Whether this answer means that the act was permitted."""
    if error is None or error.code() in _PERMITTED:
        return True
    assert error.code() in _DENIED, error
    return False


def answered(future: Future[Any]) -> bool:
    """Whether the act that ``future`` stands for was permitted."""
    try:
        future.result(WAIT_S)
    except KafkaException as error:
        return permits(error.args[0])
    return True


def each(futures: Mapping[Any, Future[Any]]) -> dict[str, bool]:
    """By name, whether the act was permitted."""
    return {getattr(key, "name", key): answered(future) for key, future in futures.items()}
