"""Apache Kafka as compose.yaml runs it: the same settings file, and secrets of the same script."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient

from deploy.broker import free_port
from events.kafka import client_config
from events.settings import Settings, resolve
from tests.containers.apache_kafka import ApacheKafka
from tests.containers.cluster import PARTITIONS, Cluster
from tests.documents import ROOT
from tests.end_to_end.stack import glasshouse
from tests.kit.agreed import agreed

_SECRETS = ("kafka_ca.pem", "kafka_broker.pem", "kafka_admin_password")
#: An address that the certificate does not name.
UNNAMED = "127.0.0.2"

#: The settings files name the other servers of compose.yaml too; here there is Kafka alone.
NO_OTHERS: dict[str, Any] = {"schema_registry_url": "", "clickhouse_url": ""}


def make_secrets(folder: Path) -> None:
    """Certificates, passwords and settings files, made as for compose.yaml."""
    subprocess.run([ROOT / "deploy/secrets.sh", folder], check=True, capture_output=True)


class SecuredKafka(ApacheKafka):
    """TLS, users and rights, with the secrets of a folder. The controllers' listener can be reached
    as well, to see that this helps nobody."""

    def __init__(self, secrets: Path) -> None:
        self.controller_port = free_port()
        super().__init__()
        self.publish(self.port, self.port, "127.0.0.1", UNNAMED)
        self.publish(9093, self.controller_port)
        self.with_volume_mapping(str(ROOT / "deploy/kafka"), "/mnt/shared/config", "ro")
        for name in _SECRETS:
            self.with_volume_mapping(str(secrets / name), f"/run/secrets/{name}", "ro")

    def listeners(self) -> Mapping[str, str]:
        return {
            "KAFKA_LISTENERS": f"INSIDE://:9092,OUTSIDE://:{self.port},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://localhost:9092,OUTSIDE://{self.servers}",
        }


@dataclass(frozen=True, slots=True)
class Secured:
    """A secured cluster with its users, and how to act as one of them."""

    servers: str
    controllers: str
    secrets: Path

    def settings_of(self, user: str, **more: object) -> Settings:
        """What the user's settings file says, but for where this cluster is."""
        flags = {
            "kafka_servers": self.servers,
            "kafka_partitions": PARTITIONS,
            **agreed(),
            "server_timeout_s": 30,
            **NO_OTHERS,
            **more,
        }
        return resolve(flags, {}, str(self.secrets / f"{user}.toml")).settings

    def make_secrets(self) -> None:
        """Make those that are missing."""
        make_secrets(self.secrets)

    def acting_as(self, user: str, **more: object) -> Cluster:
        settings = self.settings_of(user, **more)
        return Cluster(settings, AdminClient(client_config(settings)))

    def provision(self) -> str:
        """What `glasshouse provision` says when the administrator runs it for everybody."""
        done = glasshouse(
            "provision",
            "--rights",
            "--passwords",
            self.secrets,
            "--config",
            self.secrets / "admin.toml",
            folder=self.secrets,
            kafka_servers=self.servers,
            kafka_partitions=PARTITIONS,
            **agreed(),
            **NO_OTHERS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
