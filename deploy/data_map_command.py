"""The command `data-map`."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer
from rich.table import Table

from events.data_map import STORES, Kind, Store
from events.options import out, show_json, with_settings
from events.policy import Policy
from events.policy_folder import verified_policy
from events.settings import POLICY_ACCESS, Settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("data-map")(with_settings(*POLICY_ACCESS)(data_map))


def data_map(
    settings: Settings,
    kind: Annotated[
        Optional[Kind],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(help="Only stores of this kind."),
    ] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="Only where a person can be found, by whatever key.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show every place where something is kept: what of people, how long, who reads it, how a
    person is taken out.

    Example: glasshouse data-map --personal
    """
    policy = verified_policy(settings)
    chosen = [
        store
        for store in STORES
        if kind in (None, store.kind) and (store.is_personal or not personal)
    ]
    if as_json:
        for store in chosen:
            show_json(told(store, policy))
        return
    table = Table(show_lines=True)
    for column in ("store", "holds", "people in it", "kept", "read by", "a person is erased"):
        table.add_column(column, overflow="fold")
    for store in chosen:
        known = told(store, policy)
        table.add_row(
            f"{store.name}\n({store.kind}, {store.purpose})",
            store.holds,
            "; ".join(known["people"]),
            kept(store, policy),
            ", ".join(store.readers) or "nobody",
            store.erasure.value,
        )
    out.print(table)


def told(store: Store, policy: Policy) -> dict[str, Any]:
    """A store as plain values, under ``policy``."""
    return {
        "kind": store.kind.value,
        "name": store.name,
        "holds": store.holds,
        "people": [person.value for person in store.people],
        "purpose": store.purpose,
        "retention_days": store.retention.days_under(policy),
        "retention_reason": store.retention.reason,
        "erasure": store.erasure.value,
        "readers": list(store.readers),
    }


def kept(store: Store, policy: Policy) -> str:
    """For how long, in words."""
    days = store.retention.days_under(policy)
    return f"{days:,} days: {store.retention.reason}" if days else store.retention.reason
