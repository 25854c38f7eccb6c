"""The parts of README.md that follow from code: run this file to print them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from deploy.subject.export.names import NAMES
from events.metrics import REGISTRY
from events.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def setting_rows() -> Iterator[str]:
    """A row of the settings table for each setting."""
    for name, field in Settings.model_fields.items():
        default = field.default
        if hasattr(default, "get_secret_value") or default in ("", None):
            shown = "empty"
        else:
            shown = f"`{default}`"
        yield f"| `{name}` | {shown} | {field.description} |"


def name_rows() -> Iterator[str]:
    """A row of the table of names in an export for each name."""
    for name, meaning in NAMES.items():
        yield f"| `{name}` | {meaning} |"


def metric_rows() -> Iterator[str]:
    """A row of the metrics table for each metric."""
    for collector in REGISTRY._collector_to_names:
        if not isinstance(collector, MetricWrapperBase):
            continue  # the process's own, which the client library documents
        for metric in collector.describe():
            labels = ", ".join(f"`{label}`" for label in collector._labelnames)
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            yield f"| `{name}` | {metric.type} | {labels} | {metric.documentation} |"


if __name__ == "__main__":
    every = [*setting_rows(), "", *metric_rows(), "", *name_rows()]
    sys.stdout.write("\n".join(every) + "\n")
