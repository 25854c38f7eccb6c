"""Kafka's users: who may log in, with which password. What they may do is in kafka_rights.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from deploy.kafka_rights import Principal
from events.errors import Stop
from events.password_files import passwords_in

_ASK_TIMEOUT_S = 10.0
#: Kafka's least: more would only slow down who guesses, and nobody guesses 192 random bits.
_ITERATIONS = 4096


def read_passwords(folder: Path) -> dict[Principal, str]:
    """The password of each principal that has a file ``kafka_<principal>_password`` in ``folder``.

    Raises ``InputError`` if none has, or if a file is empty or unreadable.
    """
    found = passwords_in(folder, "kafka", Principal)
    return {Principal(user): password for user, password in found.items()}


def set_passwords(admin: AdminClient, passwords: Mapping[Principal, str]) -> None:
    """From now on these principals log in with these passwords (SCRAM-SHA-512), and no others they
    had. Who is connected stays so. Raises ``Stop``."""
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            principal.value,
            ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS),
            password.encode(),
        )
        for principal, password in passwords.items()
    ]
    done = admin.alter_user_scram_credentials(changes, request_timeout=_ASK_TIMEOUT_S)
    for user, future in done.items():
        try:
            future.result()
        except KafkaException as error:
            raise Stop(f"Kafka sets no password of {user}: {error.args[0].name()}") from None
