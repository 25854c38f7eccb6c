"""Metrics: units in names, and no label that could name a person."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from events import metrics
from events.errors import InputError

ALL = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
UNITS = (
    *("events", "messages", "seconds", "rows", "records", "letters", "retries", "failures"),
    "partitions",
    *("version", "versions"),
    *("chains", "subjects"),
    "bytes",
)
#: Every label there is, with what its values are.
LABELS = {
    "purpose": "members of Purpose",
    "reason": "members of Withheld and Rejected",
    "topic": "names from the topics table",
    "partition": "numbers",
    "table": "names of tables",
}
_QUALIFIERS = ("in", "passed", "withheld", "rejected", "refused")


def name_of(metric: MetricWrapperBase) -> str:
    return next(iter(metric.collect())).name


@pytest.mark.parametrize("metric", ALL, ids=name_of)
def test_a_metric_names_what_it_counts_and_has_only_known_labels(metric: MetricWrapperBase) -> None:
    words = name_of(metric).split("_")
    assert words[0] == "glasshouse"
    last = words[-2] if words[-1] in _QUALIFIERS else words[-1]
    assert last in UNITS
    assert set(metric._labelnames) <= LABELS.keys()
    assert metric._documentation.endswith(".")
    assert isinstance(metric, Counter | Gauge | Histogram)


def test_every_metric_is_in_our_registry() -> None:
    names = {family.name for family in metrics.REGISTRY.collect()}
    ours = {name for name in names if not name.startswith("process_")}
    assert ours == {name_of(metric) for metric in ALL}
    assert "process_start_time_seconds" in names


def test_metrics_are_served_on_loopback_and_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.listen()
        with pytest.raises(InputError, match=f"metrics port {port} cannot be used"):
            metrics.serve_metrics(port)


def test_no_port_means_no_server() -> None:
    metrics.serve_metrics(0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen("http://127.0.0.1:1/metrics", timeout=1)
