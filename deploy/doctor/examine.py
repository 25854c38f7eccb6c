"""Everything the doctor looks at, in order: nearest first."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.doctor.files import check_files
from deploy.doctor.finding import Finding
from deploy.doctor.kafka import check_kafka
from deploy.doctor.ports import check_ports, servers
from deploy.doctor.registry import check_registry
from deploy.doctor.warehouse import check_warehouse
from events.clock import Clock
from events.settings import Settings


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Findings as they are made. Servers that no setting names are not looked for."""
    yield from check_files(settings)
    if servers(settings):
        yield from check_ports(settings)
    if settings.kafka_servers:
        yield from check_kafka(settings, clock)
    if settings.schema_registry_url:
        yield from check_registry(settings)
    if not settings.embedded_clickhouse or settings.data_dir.exists():
        yield from check_warehouse(settings, clock)
