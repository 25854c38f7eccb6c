"""Wait until no loader can still bring rows that it took before it knew who was erased."""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from deploy.lag import lags
from events.clock import Clock
from events.errors import Retry, Stop
from events.kafka import end_offsets, partitions_of
from events.settings import Settings
from events.topics import Topic

#: What rows of people come from.
_TOPICS = (Topic.TRAINING, Topic.WINDOWS)
_NOBODY = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)
_ASK_TIMEOUT_S = 5.0
_LOOK_S = 0.5


def wait_for_loaders(
    settings: Settings, admin: AdminClient, clock: Clock, say: Callable[[int], None]
) -> None:
    """Return once the loaders have committed all that was in the topics when this was called, or
    none is running. ``say`` is told how many messages are left. ``Stop`` after
    ``server_timeout_s`` without any progress."""
    ends = {topic: end_offsets(settings, topic, partitions_of(admin, topic)) for topic in _TOPICS}
    unseen = [topic.value for topic, partitions in ends.items() if not partitions]
    if unseen:
        raise Stop(
            f"this Kafka user cannot see {', '.join(unseen)}, so nobody can tell how far the "
            "loaders are: act as `custodian` (glasshouse provision --rights), and run the same "
            "command again"
        )
    left, moved_s = -1, clock.monotonic_s()
    while _is_anybody_there(admin, settings.loader_group):
        try:
            now_left = sum(lag.messages for lag in lags(admin, settings.loader_group, ends))
        except Retry:
            now_left = left
        if now_left == 0:
            return
        if now_left != left:
            left, moved_s = now_left, clock.monotonic_s()
            say(left)
        elif clock.monotonic_s() - moved_s > settings.server_timeout_s:
            raise Stop(
                f"the loaders of group {settings.loader_group} are {left:,} messages behind, and "
                f"have not moved for {settings.server_timeout_s:g} s. What they bring from now on "
                "has nothing of these people, but the erasure is not proved complete: put them "
                "right, and run the same command again"
            )
        time.sleep(_LOOK_S)


def _is_anybody_there(admin: AdminClient, group: str) -> bool:
    """Whether a loader is in the group; where Kafka does not say, one may be."""
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=_ASK_TIMEOUT_S)
        return asked[group].result().state not in _NOBODY
    except KafkaException:
        return True
