"""A real Prometheus scrapes a real worker and a real loader, and the dashboards' queries answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from events.codec import Codec
from events.topics import Topic
from producers.publisher import Publisher
from sinks.decode import LOADED_TOPICS
from tests.containers.cluster import Cluster
from tests.containers.workers import enrol, send
from tests.end_to_end.stack import Running, Stack, running_stack, wait_until
from tests.monitoring.prometheus_process import Prometheus, prometheus
from tests.monitoring.queries import DASHBOARD_FILES, RULE_FILES, VARIABLES, alerts, dashboard

pytestmark = pytest.mark.service

PEOPLE = [f"person {number}" for number in range(6)]
PARTITIONS = 3


@dataclass(frozen=True, slots=True)
class Watched:
    stack: Stack
    worker: Running
    prometheus: Prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A worker and a loader that have carried some events: one person never agreed, and one message
    was broken."""
    folder = tmp_path_factory.mktemp("watched")
    with running_stack(folder / "stack", kafka_partitions=PARTITIONS) as stack:
        worker, loader = stack.start("worker"), stack.start("load")
        targets = {
            "worker": [f"127.0.0.1:{worker.metrics_port}"],
            "loader": [f"127.0.0.1:{loader.metrics_port}"],
        }
        with prometheus(folder, targets) as server:
            cluster = Cluster(stack.settings, stack.admin)
            enrol(cluster, PEOPLE[1:])
            # A rate needs two scrapes, one of them before.
            eventually(lambda: server.series("count(up == 1) == 3"), "all three are scraped")
            send(cluster, PEOPLE, 60)
            with Publisher(stack.settings, Codec()) as publisher:
                publisher.publish_bytes(b"any", b"broken", events=1)
            stack.wait_until_judged()
            stack.wait_until_loaded()
            yield Watched(stack, worker, server)


def eventually(condition: Callable[[], object], what: str) -> None:
    wait_until(lambda: bool(condition()), what, deadline_s=30.0)


def panels_with_queries() -> list[Any]:
    return [
        pytest.param(panel, id=f"{file.stem}: {panel['title']}")
        for file in DASHBOARD_FILES
        for panel in dashboard(file)["panels"]
        if panel.get("targets")
    ]


@pytest.mark.parametrize("panel", panels_with_queries())
def test_a_panel_has_something_to_show_unless_it_says_that_it_may_be_empty(
    panel: dict[str, Any], watched: Watched
) -> None:
    for target in panel["targets"]:
        query = target["expr"]
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        if "Empty" in panel["description"]:
            assert isinstance(watched.prometheus.series(query), list)
        else:
            eventually(partial(watched.prometheus.series, query), query)


def test_what_is_shown_is_what_happened(watched: Watched) -> None:
    def counted(name: str) -> float:
        metric = f'sum(glasshouse_events_{name}_total{{purpose="agent_training"}})'
        return watched.prometheus.series(metric)[0][1]

    eventually(lambda: counted("in") == 60 * 2 + 1, "all events are counted")
    assert counted("withheld") == 10 * 2
    assert counted("rejected") == 1
    assert counted("passed") == 50 * 2


def test_every_partition_is_claimed_once_and_nothing_waits(watched: Watched) -> None:
    claims = "count by (topic) (glasshouse_lag_seconds < 10)"
    wanted = dict.fromkeys((topic.value for topic in (Topic.RAW, *LOADED_TOPICS)), PARTITIONS)
    wanted |= {Topic.CONSENT.value: 1, Topic.CONSENT_LOG.value: 1}

    def claimed() -> dict[str, float]:
        return {labels["topic"]: value for labels, value in watched.prometheus.series(claims)}

    eventually(lambda: claimed() == wanted, "every partition is claimed")


def test_all_rules_are_loaded_and_none_fails(watched: Watched) -> None:
    groups = watched.prometheus.get("rules")["groups"]
    assert len(groups) == len(RULE_FILES)
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["name"] for rule in rules if rule["type"] == "alerting"} == {
        alert["alert"] for alert in alerts()
    }
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []


def test_nothing_fires_while_all_is_well(watched: Watched) -> None:
    firing = {
        labels["alertname"]
        for labels, _ in watched.prometheus.series('ALERTS{alertstate="firing"}')
    }
    assert firing == set()


def test_a_partition_that_moves_is_shown_by_its_new_owner_alone(watched: Watched) -> None:
    other = watched.stack.start("worker")
    everything = PARTITIONS + 1  # the consent topic has one

    def claims() -> list[int]:
        return [len(one.measures("glasshouse_lag_seconds{")) for one in (watched.worker, other)]

    def are_shared() -> bool:
        return all(claims()) and sum(claims()) == everything

    wait_until(are_shared, "each shows its own partitions")
    other.process.kill()
    other.process.wait()
    wait_until(lambda: claims() == [everything, 0], "the first shows all of them again")
