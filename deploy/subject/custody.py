"""ClickHouse, for those who act for one person: a user for each purpose, so that none reads two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from sinks.data_dir import require_made
from sinks.prepare import require_tables
from sinks.rights import CUSTODIANS
from sinks.users import user_of
from sinks.warehouse import open_warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client


@dataclass(frozen=True, slots=True)
class Custody:
    """``books``: of ``clickhouse_user``, who reads governance. ``rows``: of each purpose's
    custodian, who reads and deletes the rows of that purpose alone."""

    books: Client
    rows: Mapping[Purpose, Client]


@contextmanager
def open_custody(settings: Settings) -> Iterator[Custody]:
    """All clients; embedded, where there are no users, they are one. Raises as
    ``sinks.warehouse.open_warehouse``, and ``Stop`` where the tables are not of this version."""
    if settings.embedded_clickhouse:
        require_made(settings.data_dir)
    with ExitStack() as opened:
        books = opened.enter_context(open_warehouse(settings)).client
        require_tables(books)
        if settings.embedded_clickhouse:
            yield Custody(books, dict.fromkeys(PURPOSES, books))
            return
        rows = {
            purpose: opened.enter_context(open_warehouse(_as_custodian(settings, purpose))).client
            for purpose in PURPOSES
        }
        yield Custody(books, rows)


def _as_custodian(settings: Settings, purpose: Purpose) -> Settings:
    passwords = {
        Purpose.AGENT_TRAINING: settings.training_custodian_password,
        Purpose.TEAM_ANALYTICS: settings.analytics_custodian_password,
    }
    own = {
        "clickhouse_user": user_of(CUSTODIANS[purpose]),
        "clickhouse_password": passwords[purpose],
    }
    return settings.model_copy(update=own)
