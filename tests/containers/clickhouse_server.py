"""A ClickHouse server: the one in CLICKHOUSE_TEST_URL, or the image of compose.yaml in a container.

No package carries a server, so where no image registry can be reached there is none, and the tests
that ask for one say so and are skipped."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from clickhouse_connect.driver import Client
from pydantic import SecretStr

from deploy.broker import free_port
from events.settings import Settings
from sinks.rights import PURPOSE_DATABASES, ROLES
from sinks.users import user_of
from sinks.views import DEFINERS
from sinks.warehouse import open_warehouse
from tests.containers.images import Container, no_container_of
from tests.documents import ROOT
from tests.kit.access import OF_PEOPLE

URL = os.environ.get("CLICKHOUSE_TEST_URL", "")
IMAGE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"][
    "clickhouse"
]["image"]
_ADMIN = "glasshouse"
_START_S = 120.0

#: A user who makes tables but no roles: then `migrate` passes the access rights over, as on the
#: embedded engine, and the tests of tables and views see rows.
BUILDER = "t_builder"
BUILDER_RIGHTS = (
    "SELECT, INSERT, ALTER, TRUNCATE, OPTIMIZE, SHOW, SYSTEM, CREATE DATABASE, CREATE TABLE, "
    "CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW"
)

DATABASES = (*PURPOSE_DATABASES, "governance")

#: Leaves nothing of ours on a server.
FORGET = (
    *(
        f"DROP ROW POLICY IF EXISTS {policy} ON {table}"
        for table in OF_PEOPLE
        for policy in ("readers", "custodian", "nobody_else")
    ),
    "DROP QUOTA IF EXISTS glasshouse_analysts, glasshouse_readers",
    "DROP SETTINGS PROFILE IF EXISTS glasshouse_readers",
    f"DROP USER IF EXISTS {', '.join((*DEFINERS, *map(user_of, ROLES)))}",
    f"DROP ROLE IF EXISTS {', '.join(ROLES)}",
    *(f"DROP DATABASE IF EXISTS {database} SYNC" for database in DATABASES),
)


def why_no_server() -> str:
    """Why there is no server here; empty if there is one."""
    if URL or not no_container_of(IMAGE):
        return ""
    return (
        "needs a ClickHouse server with access management: no package carries one. Name one in "
        f"CLICKHOUSE_TEST_URL, or have its image at hand (docker pull {IMAGE})"
    )


@contextmanager
def clickhouse_server() -> Iterator[Settings]:
    """An administrator's settings for a server with nothing of ours on it."""
    if URL:
        yield Settings(clickhouse_url=URL)
        return
    password, port = secrets.token_hex(12), free_port()
    container = (
        Container(IMAGE)
        .publish(8123, port)
        .with_envs(
            CLICKHOUSE_USER=_ADMIN,
            CLICKHOUSE_PASSWORD=password,
            CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT="1",
        )
    )
    with container:
        yield Settings(
            clickhouse_url=f"http://127.0.0.1:{port}",
            clickhouse_user=_ADMIN,
            clickhouse_password=SecretStr(password),
            server_timeout_s=_START_S,
        )


def forget(client: Client) -> None:
    """Drop all of ours: tables, roles, users."""
    for statement in FORGET:
        client.command(statement)


@contextmanager
def builder(admin: Settings) -> Iterator[Settings]:
    """An empty server, and a user on it who makes tables but no roles."""
    password = secrets.token_hex(12)
    with open_warehouse(admin) as opened:
        forget(opened.client)
        for statement in builder_statements(password):
            opened.client.command(statement)
        yield admin.model_copy(
            update={"clickhouse_user": BUILDER, "clickhouse_password": SecretStr(password)}
        )
        forget(opened.client)
        opened.client.command(f"DROP USER IF EXISTS {BUILDER}")


def builder_statements(password: str) -> tuple[str, ...]:
    """Make the user with its rights anew."""
    return (
        f"CREATE USER OR REPLACE {BUILDER} IDENTIFIED BY '{password}'",
        f"GRANT {BUILDER_RIGHTS} ON *.* TO {BUILDER}",
    )


def server_or_skip() -> Iterator[Settings]:
    """For a fixture: the server, or the reason why its test is skipped."""
    if reason := why_no_server():
        pytest.skip(reason)
    with clickhouse_server() as admin:
        yield admin
