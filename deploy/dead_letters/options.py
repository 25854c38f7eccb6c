"""What the commands have in common: which dead letters are meant, and the books they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.clock import to_ms
from events.errors import Retry, ServerMissing
from events.outcomes import Rejected
from events.settings import KAFKA_ACCESS, REGISTRY_ACCESS, Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

    from deploy.dead_letters.books import Wanted

ACCESS = (*KAFKA_ACCESS, "data_dir", "clickhouse_url", "clickhouse_user")
#: Of the commands that decode a message.
CODEC = REGISTRY_ACCESS

Reasons = Annotated[
    Optional[list[Rejected]],  # noqa: UP045 (Typer reads it at run time)
    typer.Option("--reason", help="Only those refused for this reason; may be repeated."),
]
Since = Annotated[
    Optional[datetime],  # noqa: UP045
    typer.Option(help="Only messages from then on, UTC."),
]
Partition = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(min=0, help="Only those of this partition."),
]


def wanted(reasons: list[Rejected] | None, since: datetime | None, partition: int | None) -> Wanted:
    """The dead letters that the options mean."""
    from deploy.dead_letters.books import Wanted

    return Wanted(
        tuple(reasons or ()),
        to_ms(since.replace(tzinfo=UTC)) if since else 0,
        -1 if partition is None else partition,
    )


@contextmanager
def open_books(settings: Settings) -> Iterator[Client]:
    """ClickHouse with the tables of this version. Raises ``Stop``."""
    from sinks.data_dir import require_made
    from sinks.prepare import require_tables
    from sinks.warehouse import open_warehouse

    if settings.embedded_clickhouse:
        require_made(settings.data_dir)
    with open_warehouse(settings) as warehouse:
        require_tables(warehouse.client)
        yield warehouse.client


@contextmanager
def registry_needed() -> Iterator[None]:
    """A registry that is away ends the command: a person can run it again."""
    try:
        yield
    except Retry as error:
        raise ServerMissing(f"{error}: run the same command again when it is back") from None
