"""The command ``trace``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from deploy.dead_letters.options import ACCESS, CODEC, open_books, registry_needed
from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, show_json, show_table, with_settings
from events.purposes import Purpose
from events.settings import KEY_ACCESS, Settings

if TYPE_CHECKING:
    from deploy.trace.books import Account
    from deploy.trace.source import Finding
    from streams.keys import KeyRing

_Number = Optional[int]  # noqa: UP045 (Typer reads it at run time)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_settings(*ACCESS, *CODEC, *KEY_ACCESS)(trace))


def trace(
    *,
    settings: Settings,
    purpose: Annotated[Purpose, typer.Option(help="Whose table the row is in.")],
    batch: Annotated[int, typer.Option(min=0, help="The row's `batch`.")],
    epoch: Annotated[
        _Number, typer.Option(help="The row's `epoch`. Default: every one is tried.")
    ] = None,
    index: Annotated[
        _Number, typer.Option(min=0, help="The row's `index`, of agent_training.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a message.")] = False,
) -> None:
    """Find the source messages of a row: where they are, what became of them, which link says so.

    It takes the keys and ClickHouse's role officer. With --kafka-servers it also reads the message,
    if Kafka still has it, and checks that it yields this id; it never shows what is in it. Exit
    status 1 if it does not, or if the books know no such batch. A row of a key epoch that was
    destroyed leads nowhere.

    Example: glasshouse trace --purpose agent_training --batch 1234567890 --epoch 1
    """
    from deploy.trace.books import accounts_of
    from deploy.trace.source import Source
    from streams.keys import load_ring

    if batch >= 2**64:
        raise InputError("--batch is a number of 64 bits: copy it with all its digits")
    ring = load_ring(settings)
    epochs = ring.live if epoch is None else (ring.numbered(epoch),)
    with (
        open_books(settings) as client,
        recorded(settings, Act.TRACE, purpose=purpose.value) as done,
    ):
        accounts = accounts_of(client, purpose, batch, epochs)
        done.rows = len(accounts)
    if not accounts:
        err.print(
            f"the books know no batch {batch} of {purpose.value} under these keys. Is it the id of "
            "a row of this purpose, and is this the key file that the workers had?"
        )
        if epoch is None and ring.destroyed:
            gone = ", ".join(map(str, ring.destroyed))
            err.print(
                f"Or is it of an epoch that was destroyed ({gone})? Then nobody can trace it."
            )
        raise typer.Exit(1)
    with registry_needed():
        findings = _examined(settings, accounts, purpose, batch, ring)
    for account, finding in zip(accounts, findings, strict=True):
        found = _found(account, finding, index)
        if as_json:
            show_json({"purpose": purpose.value, "batch": batch, **found})
        else:
            show_table("", ("", ""), _told(found))
    good = {Source.YIELDS_IT, Source.GONE, Source.UNKNOWN}
    raise typer.Exit(0 if all(each.source in good for each in findings) else 1)


def _examined(
    settings: Settings, accounts: list[Account], purpose: Purpose, batch: int, ring: KeyRing
) -> list[Finding]:
    from deploy.dead_letters.held import held_by_kafka
    from deploy.dead_letters.read import Reader
    from deploy.trace.source import Finding, Source, examine, look_up
    from events.registry import codec_for
    from events.topics import Topic

    held = held_by_kafka(settings, [Topic.RAW]).get(Topic.RAW.value)
    if held is None:
        return [Finding(Source.UNKNOWN)] * len(accounts)
    codec = codec_for(settings)
    with ExitStack() as stack:
        reader = stack.enter_context(Reader(settings))
        messages = [look_up(account, held, reader) for account in accounts]
    return [examine(message, purpose, batch, ring, codec) for message in messages]


def _found(account: Account, finding: Finding, index: int | None) -> dict[str, Any]:
    from deploy.trace.source import Source

    found = {**asdict(account), "raw_message": finding.source.value}
    found["links"] = found.pop("ties")
    if finding.source is Source.YIELDS_IT:
        found["raw_events"] = finding.events
        if index is not None:
            found["has_index"] = index < finding.events
    return found


def _told(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for a person to read, line by line."""
    counts = [("passed", found["passed"]), *found["withheld"].items(), *found["rejected"].items()]
    raw = found["raw_message"]
    if "raw_events" in found:
        raw += f", and has {found['raw_events']:,} events"
    if "has_index" in found:
        raw += ", this one among them" if found["has_index"] else ", and NONE with this index"
    lines = [
        ("message", f"{found['partition']}:{found['offset']} of {found['topic']}"),
        ("topic id", found["topic_id"]),
        ("key epoch", str(found["epoch"])),
        ("events", f"{found['event_count']:,}"),
        ("became", ", ".join(f"{name} {count:,}" for name, count in counts)),
        ("under policy", found["policy_hash"]),
        ("raw message", raw),
    ]
    if found["redriven_from"] >= 0:
        lines.append(("is a copy of", f"{found['partition']}:{found['redriven_from']}"))
    lines += [
        ("link", f"{link['partition']}:{link['offset']} of accounting, {link['hash']}")
        for link in found["links"]
    ]
    return lines if found["links"] else [*lines, ("link", "none")]
