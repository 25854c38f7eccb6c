"""Recordings lead to the same tables through Apache Kafka and through the embedded broker."""

from __future__ import annotations

import shutil
from uuid import uuid4

import pytest

from events.kafka import create_topics, wait_for_kafka
from events.settings import Settings
from tests.containers.cluster import remove_topics
from tests.end_to_end import tables
from tests.end_to_end.conftest import Demo, play
from tests.end_to_end.stack import glasshouse
from tests.end_to_end.test_demo import ALL_PARTIALS, ALL_ROWS
from tests.kit.secrets import give_secrets

pytestmark = pytest.mark.containers

#: Which offset a batch had is Kafka's affair; what became of it is not.
FATES = """
SELECT purpose, batch, policy_hash, event_count, passed_count, mapSort(withheld), mapSort(rejected)
FROM governance.accounting FINAL ORDER BY purpose, batch
"""


@pytest.fixture(scope="module")
def on_kafka(demo: Demo, apache_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with everybody once more, with the same keys and secrets, on Apache Kafka and two
    workers."""
    data_dir = tmp_path_factory.mktemp("on-kafka") / "data"
    data_dir.mkdir()
    shutil.copy(demo.data_dir / "keys.json", data_dir)
    settings = Settings(kafka_servers=apache_kafka, data_dir=data_dir)
    admin = wait_for_kafka(settings)
    remove_topics(admin)
    create_topics(admin, settings)
    give_secrets(settings, demo.recorded.users)
    return play(
        *(demo.recorded, data_dir, demo.ring, "--workers", "2"),
        kafka_servers=apache_kafka,
        group_prefix=f"test-{uuid4().hex}",
    )


def test_both_brokers_lead_to_the_same_result(demo: Demo, on_kafka: Demo) -> None:
    timed = {"seconds", "events_per_s", "data_dir"}
    found, expected = (
        {name: value for name, value in one.result.items() if name not in timed}
        for one in (on_kafka, demo)
    )
    assert found == expected


@pytest.mark.parametrize(
    "sql",
    [ALL_ROWS.format(where=""), ALL_PARTIALS.format(where=""), FATES],
    ids=["rows", "partials", "fates"],
)
def test_both_brokers_lead_to_the_same_table(demo: Demo, on_kafka: Demo, sql: str) -> None:
    found, expected = (tables.read(one.data_dir, all=sql)["all"] for one in (on_kafka, demo))
    assert found.num_rows > 0
    assert found.equals(expected)


def test_reconcile_holds_on_apache_kafka(on_kafka: Demo, apache_kafka: str) -> None:
    done = glasshouse(
        *("reconcile", "--data-dir", on_kafka.data_dir, "--kafka-servers", apache_kafka),
        folder=on_kafka.data_dir.parent,
    )
    assert done.returncode == 0, done.stderr + done.stdout
