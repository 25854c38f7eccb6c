"""The same way into Kafka for Faust as events/kafka.py has for librdkafka."""

from __future__ import annotations

import ssl

import faust
from faust.types.auth import CredentialsT

from events.errors import SettingsError
from events.settings import Settings


def credentials(settings: Settings) -> CredentialsT | None:
    """What Faust needs to speak TLS and SASL; None where Kafka takes anyone in the clear."""
    context = _tls(settings) if settings.kafka_tls else None
    if settings.kafka_user:
        return faust.SASLCredentials(
            username=settings.kafka_user,
            password=settings.kafka_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError:  # ssl.SSLError is one too
        raise SettingsError(
            "settings", [f"kafka_ca_file: {settings.kafka_ca_file} is no readable PEM file"]
        ) from None
