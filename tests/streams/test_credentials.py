"""Faust and librdkafka reach Kafka in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from events.errors import SettingsError
from events.kafka import client_config
from events.settings import resolve
from streams.credentials import credentials

WAYS: list[tuple[dict[str, Any], str]] = [
    ({}, "PLAINTEXT"),
    ({"kafka_tls": "true"}, "SSL"),
    ({"kafka_user": "worker", "kafka_password": "secret"}, "SASL_PLAINTEXT"),
    ({"kafka_user": "worker", "kafka_password": "secret", "kafka_tls": "true"}, "SASL_SSL"),
]


@pytest.mark.parametrize(("flags", "protocol"), WAYS, ids=[way for _, way in WAYS])
def test_both_clients_use_the_same_protocol(flags: dict[str, Any], protocol: str) -> None:
    settings = resolve({"kafka_servers": "kafka:9092", **flags}, {}).settings
    for_faust = credentials(settings)
    assert client_config(settings)["security.protocol"] == protocol
    assert (for_faust.protocol.value if for_faust else "PLAINTEXT") == protocol
    assert "secret" not in repr(for_faust)


def test_a_file_of_authorities_that_is_none_is_a_clear_fault(tmp_path: Path) -> None:
    settings = resolve(
        {"kafka_tls": "true", "kafka_ca_file": str(tmp_path / "no.pem")}, {}
    ).settings
    with pytest.raises(SettingsError, match="kafka_ca_file"):
        credentials(settings)
