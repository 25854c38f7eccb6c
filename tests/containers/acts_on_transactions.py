"""What can be tried on transactional ids, for real: whoever begins under one ends whatever another
began."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from events.kafka import client_config
from tests.containers.cluster import Cluster
from tests.containers.verdicts import WAIT_S, permits


def begin(cluster: Cluster, transactional_ids: Sequence[str]) -> dict[str, bool]:
    return {name: _begin(cluster, name) for name in transactional_ids}


def _begin(cluster: Cluster, transactional_id: str) -> bool:
    silent = logging.getLogger(f"{__name__}.silent")
    silent.disabled = True  # the client calls the refusal a fatal fault of its own
    more = {"transactional.id": transactional_id, "logger": silent}
    producer = Producer(client_config(cluster.settings, **more))
    try:
        producer.init_transactions(WAIT_S)
    except KafkaException as error:
        return permits(error.args[0])
    return True
