"""How long Kafka keeps a topic, and how many partitions it has, as gauges."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from events.clock import MS_PER_DAY
from events.kafka import create_topics, wait_for_kafka
from events.metrics import REGISTRY
from events.settings import Settings
from events.topic_gauges import retention_s, show_topics
from events.topics import Topic

DAY_S = MS_PER_DAY / 1_000


@pytest.mark.parametrize(
    ("topic", "configuration", "seconds"),
    [
        (Topic.RAW, {"retention.ms": "3600000"}, 3_600),
        (Topic.RAW, {"retention.ms": "-1"}, inf),
        (Topic.RAW, {}, 7 * DAY_S),
        (Topic.CONSENT, {"retention.ms": "3600000"}, inf),
    ],
    ids=["as set", "kept for ever", "not told", "compacted"],
)
def test_retention_is_what_kafka_says(
    topic: Topic, configuration: dict[str, str], seconds: float
) -> None:
    assert retention_s(topic, configuration) == seconds


@pytest.mark.service
def test_a_broker_s_topics_are_shown(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers)
        look_at_its_topics(settings)
    shown = {
        (name, topic): REGISTRY.get_sample_value(f"glasshouse_{name}", {"topic": topic.value})
        for name in ("topic_partitions", "retention_seconds")
        for topic in (Topic.RAW, Topic.CONSENT)
    }
    assert shown == {
        ("topic_partitions", Topic.RAW): settings.kafka_partitions,
        ("topic_partitions", Topic.CONSENT): 1,
        ("retention_seconds", Topic.RAW): 7 * DAY_S,
        ("retention_seconds", Topic.CONSENT): inf,
    }


def look_at_its_topics(settings: Settings) -> None:
    admin = wait_for_kafka(settings)
    create_topics(admin, settings)
    show_topics(admin, [Topic.RAW, Topic.CONSENT])
