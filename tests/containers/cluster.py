"""A cluster for one test, with every topic empty, on either broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from confluent_kafka.admin import AdminClient

from deploy.policy.publish import publish_policies
from events.kafka import create_topics, wait_for_kafka
from events.settings import Settings
from events.topics import Topic
from streams.keys import new_ring, save_keys
from tests.kit.agreed import agreed
from tests.strategies import SEALING

#: More than two partitions change hands at once when a worker comes or goes.
PARTITIONS = 12
#: Far beyond what anything here takes: a slow machine is not a fault.
PATIENCE_S = 90.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Cluster:
    """Its topics are new, and its groups have names that nobody had before."""

    settings: Settings
    admin: AdminClient


def cluster_at(servers: str, registry_url: str = "") -> Cluster:
    """A cluster whose topics of earlier tests are gone and made anew, with the policy published."""
    key_file = Path(mkdtemp()) / "keys.json"
    save_keys(replace(new_ring(), sealing=SEALING), key_file)
    settings = Settings(
        kafka_servers=servers,
        schema_registry_url=registry_url,
        key_file=key_file,
        kafka_partitions=PARTITIONS,
        **agreed(),
        group_prefix=f"test-{uuid4().hex}",
        group_session_timeout_s=3.0,
        server_timeout_s=30.0,
    )
    admin = wait_for_kafka(settings)
    remove_topics(admin)
    create_topics(admin, settings)
    publish_policies(settings)
    return Cluster(settings, admin)


def remove_topics(admin: AdminClient) -> None:
    """Delete all of our topics that there are; returns once they are gone."""
    ours = {topic.value for topic in Topic}
    there = sorted(ours & admin.list_topics(timeout=10).topics.keys())
    for deleted in (admin.delete_topics(there) if there else {}).values():
        deleted.result()
    for _ in patiently("the topics are gone"):
        if not ours & admin.list_topics(timeout=10).topics.keys():
            return


def patiently(what: str) -> Iterator[None]:
    """Once per look at ``what``, until the caller is content; fails when patience is at its end."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        yield
        time.sleep(_POLL_S)
    raise AssertionError(f"not in {PATIENCE_S:g} s: {what}")
