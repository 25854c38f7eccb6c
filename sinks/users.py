"""The server's users, one for each role: who may log in, with which password. What a role may do is
in rights.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from events.errors import InputError
from sinks.migrate import has_users
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client


def user_of(role: str) -> str:
    """The user that has ``role`` and nothing else."""
    return f"glasshouse_{role}"


def set_passwords(
    client: Client,
    passwords: Mapping[str, str],
    placement: Placement = Placement(),  # noqa: B008 (frozen, no state)
) -> None:
    """From now on the users of these roles log in with these passwords, and no others they had.

    Raises ``InputError`` where the server keeps no users or this user may not make them.
    """
    if passwords and not has_users(client):
        raise InputError(
            "this ClickHouse keeps no users, or this user may not make them: leave out "
            "--passwords, or migrate as an administrator of a server"
        )
    for role, password in passwords.items():
        for statement in user_statements(role, password):
            client.command(placement.resolve(statement))


def user_statements(role: str, password: str) -> Iterator[str]:
    """Make the user of ``role``, with this password. The server is told the hash only, so that no
    log of statements has the password."""
    user = user_of(role)
    identified = f"IDENTIFIED WITH sha256_hash BY '{hashlib.sha256(password.encode()).hexdigest()}'"
    yield f"CREATE USER IF NOT EXISTS {user}{{on_cluster}} {identified}"
    yield f"ALTER USER {user}{{on_cluster}} {identified}"
    yield f"GRANT{{on_cluster}} {role} TO {user}"
    yield f"ALTER USER {user}{{on_cluster}} DEFAULT ROLE {role}"
