"""The commands `worker` and `keys`."""

from __future__ import annotations

import typer

from events.errors import InputError
from events.options import with_settings
from events.settings import KAFKA_ACCESS, KEY_ACCESS, POLICY_KEYS, REGISTRY_ACCESS, Settings
from streams import key_commands


def register(app: typer.Typer) -> None:
    """Add this package's commands to ``app``."""
    app.command()(
        with_settings(
            *KAFKA_ACCESS,
            "kafka_partitions",
            "kafka_replicas",
            *REGISTRY_ACCESS,
            *POLICY_KEYS,
            *KEY_ACCESS,
            "group_prefix",
            "group_session_timeout_s",
            "take_messages",
            "take_within_ms",
            "ledger_max_age_ms",
            "commit_within_s",
            "dead_letter_limit",
            "metrics_port",
            "metrics_host",
        )(worker)
    )
    key_commands.register(app)


def worker(settings: Settings) -> None:
    """Run a stream worker: consent, minimising, pseudonyms, windows, accounting.

    Start as many as there are partitions; stop one with Ctrl-C or SIGTERM at any time.

    Example: glasshouse worker --kafka-servers localhost:9092 --metrics-port 9464
    """
    from streams.run import run_worker

    if settings.embedded_kafka:
        raise InputError(
            "a worker needs a broker: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS), or run "
            "`glasshouse broker` for an embedded one"
        )
    run_worker(settings)
