"""Every metric that Prometheus finds in a deployment, with its labels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from events.metrics import REGISTRY
from tests.monitoring.labels import SCRAPED, Labels

#: Prometheus' own, of those that are used: https://prometheus.io/docs/ (it has hundreds).
_PROMETHEUS: dict[str, set[str]] = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "prometheus_rule_evaluation_failures_total": {"rule_group"},
    "prometheus_config_last_reload_successful": set(),
}
#: ClickHouse works these out about once a second; the embedded engine does not, so they are as in
#: https://clickhouse.com/docs/operations/system-tables/asynchronous_metrics, the disk by its name.
_CLICKHOUSE_ASYNC = ("MaxPartCountForPartition", "DiskAvailable_default", "DiskTotal_default")

_ASK = """
import json, sys, clickhouse_connect
client = clickhouse_connect.get_client(interface="chdb", path=sys.argv[1])
events = client.query("SELECT event FROM system.events SETTINGS system_events_show_zero_values = 1")
metrics = client.query("SELECT metric FROM system.metrics")
print(json.dumps([[r[0] for r in events.result_rows], [r[0] for r in metrics.result_rows]]))
"""


def of_ours() -> dict[str, Labels]:
    """What workers and loaders export, under the names that a scrape gives."""
    found: dict[str, Labels] = {}
    for collector in REGISTRY._collector_to_names:
        if not isinstance(collector, MetricWrapperBase):
            continue
        labels = frozenset(collector._labelnames) | SCRAPED
        name, kind = next((family.name, family.type) for family in collector.describe())
        match kind:
            case "counter":
                found[f"{name}_total"] = labels
            case "histogram":
                found[f"{name}_bucket"] = labels | {"le"}
                found |= {f"{name}_sum": labels, f"{name}_count": labels}
            case _:
                found[name] = labels
    process = [family for family in REGISTRY.collect() if family.name.startswith("process_")]
    return found | {sample.name: SCRAPED for family in process for sample in family.samples}


def of_prometheus() -> dict[str, Labels]:
    return {name: SCRAPED | labels for name, labels in _PROMETHEUS.items()}


def of_clickhouse(folder: Path) -> dict[str, Labels]:
    """What ClickHouse exports, asked of the embedded engine, in a process of its own."""
    asked = subprocess.run(
        [sys.executable, "-c", _ASK, str(folder)], capture_output=True, text=True, check=True
    )
    events, metrics = json.loads(asked.stdout)
    names = [
        *(f"ClickHouseProfileEvents_{name}" for name in events),
        *(f"ClickHouseMetrics_{name}" for name in metrics),
        *(f"ClickHouseAsyncMetrics_{name}" for name in _CLICKHOUSE_ASYNC),
    ]
    return dict.fromkeys(names, SCRAPED)
