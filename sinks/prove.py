"""Reconcile a warehouse, with Kafka where it is named, and say where faults are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition

from events.clock import Clock, SystemClock
from events.kafka import client_config, end_offsets, partitions_of, topic_ids, wait_for_kafka
from events.purposes import Purpose
from events.settings import Settings
from events.topics import Topic
from sinks.evidence import (
    TABLE_OF,
    Evidence,
    Source,
    days_of_batches,
    days_with_missing_batches,
    gather,
)
from sinks.reconcile import Check, Kept, lacking, reconcile

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_ASK_TIMEOUT_S = 5.0


def prove(
    client: Client,
    settings: Settings,
    clock: Clock = SystemClock(),  # noqa: B008 (frozen, no state)
) -> tuple[list[Check], dict[str, int]]:
    """All checks, with places in their details where they can be told, and by table the rows that
    wait to be merged; ``clock`` says what has expired. Kafka is asked if ``kafka_servers`` is set;
    raises ``ServerMissing``."""
    kafka = kept_by_kafka(settings) if settings.kafka_servers else {}
    evidence = gather(client, clock.now_ms())
    checks = [_located(client, evidence, check) for check in reconcile(evidence, kafka)]
    unmerged = {TABLE_OF[purpose]: stored.unmerged for purpose, stored in evidence.stored.items()}
    return checks, unmerged


def kept_by_kafka(settings: Settings) -> dict[Source, Kept]:
    """What each partition of the source topic holds; nothing if there is no such topic."""
    admin = wait_for_kafka(settings)
    partitions = partitions_of(admin, Topic.RAW)
    if not partitions:
        return {}
    topic_id = topic_ids(admin, [Topic.RAW])[Topic.RAW]
    ends = end_offsets(settings, Topic.RAW, partitions)
    consumer = Consumer(client_config(settings, **{"group.id": settings.worker_group}))
    try:
        lows = {
            partition: consumer.get_watermark_offsets(
                TopicPartition(Topic.RAW.value, partition), _ASK_TIMEOUT_S, cached=False
            )[0]
            for partition in partitions
        }
    finally:
        consumer.close()
    return {(topic_id, partition): Kept(lows[partition], ends[partition]) for partition in ends}


def _located(client: Client, evidence: Evidence, check: Check) -> Check:
    """``check`` with the days on which batches are short or missing, if it is about batches."""
    for purpose, table in TABLE_OF.items():
        if check.ok or check.name != f"batches in {table}":
            continue
        few, many = lacking(evidence.accounted[purpose].sizes, evidence.stored[purpose].sizes)
        places = []
        if many:
            days = ", ".join(days_of_batches(client, purpose, many))
            places.append(f"batches of the sizes that are too many are on {days}")
        if few and purpose is Purpose.AGENT_TRAINING:
            days = ", ".join(days_with_missing_batches(client))
            places.append(f"sessions skip batches (missing or withheld) on {days or 'no day'}")
        return replace(check, details=(*check.details, *places))
    return check
