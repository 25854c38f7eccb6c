"""Everything a Kafka user can try, and whether Kafka let it: each act is tried for real."""

from __future__ import annotations

from collections.abc import Mapping

from tests.containers.acts_on_cluster import ON_CLUSTER
from tests.containers.acts_on_groups import ON_GROUPS, joins
from tests.containers.acts_on_topics import ON_TOPICS, delete
from tests.containers.acts_on_transactions import begin
from tests.containers.cluster import Cluster

Observed = dict[str, set[str]]  # by resource, the acts that Kafka let happen


def observe(
    cluster: Cluster, topics: list[str], groups: list[str], transactional_ids: list[str]
) -> Observed:
    """All that the user of ``cluster`` may do with ``topics``, ``groups``, ``transactional_ids``
    and the cluster itself. Whoever may delete has deleted the topics then."""
    found: Observed = {name: set() for name in (*topics, *groups, *transactional_ids, "cluster")}

    def note(act: str, verdicts: Mapping[str, bool]) -> None:
        for name, allowed in verdicts.items():
            if allowed:
                found[name].add(act)

    for act, tried in ON_TOPICS.items():
        note(act, tried(cluster, topics))
    for act, tried in ON_GROUPS.items():
        note(act, tried(cluster, groups))
    note("join", {group: joins(cluster, topics, group) for group in groups})
    note("begin", begin(cluster, transactional_ids))
    for act, attempt in ON_CLUSTER.items():
        note(act, {"cluster": attempt(cluster)})
    note("delete", delete(cluster, topics))
    return found
