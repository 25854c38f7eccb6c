"""Where the topics that are loaded end, as of now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from events.kafka import end_offsets, partitions_of, wait_for_kafka
from events.settings import Settings
from events.topics import Topic
from sinks.coordinates import Key
from sinks.decode import LOADED_TOPICS


def loaded_topic_ends(settings: Settings) -> dict[Key, int]:
    """The offset after the last message, of every partition of every loaded topic. Raises
    ``ServerMissing``."""
    admin = wait_for_kafka(settings)

    def ends_of(topic: Topic) -> dict[Key, int]:
        partitions = partitions_of(admin, topic)
        ends = end_offsets(settings, topic, partitions) if partitions else {}
        return {(topic, partition): end for partition, end in ends.items()}

    with ThreadPoolExecutor(len(LOADED_TOPICS)) as pool:
        return {key: end for ends in pool.map(ends_of, LOADED_TOPICS) for key, end in ends.items()}
