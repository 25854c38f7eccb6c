"""Every metric and label that a rule or a dashboard names is there."""

from __future__ import annotations

import pytest

from tests.monitoring import known as exported
from tests.monitoring.labels import SCRAPED, Known, Labels, UnknownName, labels_of
from tests.monitoring.queries import Query, panel_queries, rule_queries

JOBS = {"worker", "loader", "clickhouse", "prometheus"}


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """All that is exported, and what the recording rules make of it."""
    found: dict[str, Labels] = exported.of_ours() | exported.of_prometheus()
    found |= exported.of_clickhouse(tmp_path_factory.mktemp("engine"))
    for query in rule_queries():
        if query.record:
            found[query.record] = labels_of(query.text, found)
    return found


@pytest.mark.parametrize(
    "query", [*rule_queries(), *panel_queries()], ids=lambda query: str(query.where)
)
def test_a_query_names_only_metrics_and_labels_that_are_there(query: Query, known: Known) -> None:
    labels_of(query.text, known)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("glasshouse_events_lost_total", "nobody exports the metric glasshouse_events_lost_total"),
        ("rate(glasshouse_events_in[5m])", "nobody exports"),
        ("sum(rate(up[5m])) / sum(ClickHouseMetrics_NoSuch)", "ClickHouseMetrics_NoSuch"),
        ('glasshouse_events_in_total{team="a"}', "no label team"),
        ("sum by (reason) (glasshouse_events_in_total)", "no label reason"),
        ("sum by (job) (sum by (purpose) (glasshouse_events_in_total))", "no label job"),
        ("sum without (subject) (glasshouse_events_in_total)", "no label subject"),
        ("histogram_quantile(0.9, sum by (topic) (glasshouse_load_seconds_bucket))", "no label le"),
        ("glasshouse_lag_seconds / on (table) glasshouse_retention_seconds", "no label table"),
        ("glasshouse_lag_seconds / glasshouse_retention_seconds", "never match"),
        ("up unless on (purpose) glasshouse_events_in_total", "no label purpose"),
        ("absent(glasshouse_events_gone_total)", "nobody exports"),
    ],
)
def test_a_name_that_is_not_there_is_found(query: str, fault: str, known: Known) -> None:
    with pytest.raises(UnknownName, match=fault):
        labels_of(query, known)


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("glasshouse_lag_seconds", SCRAPED | {"topic", "partition"}),
        ("max by (topic) (glasshouse_lag_seconds)", {"topic"}),
        ("sum without (job) (glasshouse_retention_seconds)", {"topic", "instance"}),
        ("sum(up)", set()),
        ("max by (topic) (glasshouse_lag_seconds) > 3", {"topic"}),
        ("count(up) or vector(0)", set()),
        (
            "glasshouse_lag_seconds * on (topic, job) glasshouse_retention_seconds",
            {"topic", "job"},
        ),
        ("glasshouse_lag_seconds and on (topic) glasshouse_retention_seconds", "as the left"),
    ],
)
def test_the_labels_of_an_answer_are_worked_out(
    query: str, labels: set[str] | str, known: Known
) -> None:
    left = known["glasshouse_lag_seconds"]
    assert labels_of(query, known) == (left if labels == "as the left" else labels)


def test_no_label_of_ours_could_name_a_person() -> None:
    ours = {label for labels in exported.of_ours().values() for label in labels}
    assert ours - SCRAPED == {"le", "purpose", "reason", "topic", "partition", "table"}
