"""Commands: `broker`, `data-map`, `demo`, `dpia` and `status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import data_map_command, demo_command, operate_commands
from deploy.dead_letters import commands as dead_letter_commands
from deploy.pack import command as pack_command
from deploy.policy import commands as policy_commands
from deploy.subject import commands as subject_commands
from deploy.trace import command as trace_command
from events.errors import InputError
from events.options import err, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, POLICY_ACCESS, Settings


def register(app: typer.Typer) -> None:
    """Add this package's commands to ``app``."""
    demo_command.register(app)
    operate_commands.register(app)
    dead_letter_commands.register(app)
    policy_commands.register(app)
    trace_command.register(app)
    data_map_command.register(app)
    subject_commands.register(app)
    pack_command.register(app)
    app.command()(broker)
    app.command()(
        with_settings(
            *KAFKA_ACCESS,
            "clickhouse_url",
            "clickhouse_user",
            "clickhouse_password",
            *POLICY_ACCESS,
            "group_prefix",
        )(status)
    )


def broker(
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1.")] = 9092,
    log_file: Annotated[Path, typer.Option(help="Where the broker's own log goes.")] = Path(
        "glasshouse-broker.log"
    ),
) -> None:
    """Run the embedded broker in the foreground, for trying things out. It keeps no data.

    Example: glasshouse broker --port 9092
    """
    from threading import Event

    from deploy.broker import EmbeddedBroker

    with EmbeddedBroker(log_file, port) as running:
        err.print(f"broker at {running.servers} (in memory only); Ctrl-C stops it")
        Event().wait()


def status(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the policy in force, how far workers and loaders are behind, and how large tables are.

    The policy is shown if both sides' keys are named; without the signatures that it needs there is
    nothing but the reason. Kafka is asked if servers are named, ClickHouse if a URL is named or the
    data directory is there. Counts only.

    Example: glasshouse status --kafka-servers localhost:9092 --json
    """
    from deploy.status import group_lags, policy_in_force, table_sizes, to_json
    from events.kafka import wait_for_kafka
    from sinks.warehouse import open_warehouse

    has_tables = not settings.embedded_clickhouse or settings.data_dir.exists()
    if settings.embedded_kafka and not has_tables:
        raise InputError(
            f"nothing to ask: no --kafka-servers, and no data directory {settings.data_dir}"
        )
    policy = policy_in_force(settings)
    groups = {} if settings.embedded_kafka else group_lags(wait_for_kafka(settings), settings)
    tables = None
    if has_tables:
        with open_warehouse(settings) as warehouse:
            tables = table_sizes(warehouse.client)
    if as_json:
        show_json(to_json(policy, groups, tables))
        return
    if policy:
        number, signers = str(policy.policy.version), ", ".join(policy.signers)
        columns = ("version", "SHA-256", "signed by")
        show_table("Policy", columns, [(number, policy.policy.sha256, signers)])
    lags = [
        (group, lag.topic.value, lag.partition, lag.end, lag.messages)
        for group, found in groups.items()
        for lag in found
    ]
    if groups:
        show_table("Lag", ("group", "topic", "partition", "end", "lag in messages"), lags)
    if tables is not None:
        sizes = [(one.table, one.rows, one.bytes, one.parts) for one in tables]
        show_table("Tables", ("table", "rows", "bytes", "parts"), sizes)
