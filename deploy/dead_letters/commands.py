"""The commands `dead-letters list`, `show` and `redrive`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from deploy.dead_letters.options import (
    ACCESS,
    CODEC,
    Partition,
    Reasons,
    Since,
    open_books,
    registry_needed,
    wanted,
)
from deploy.dead_letters.redrive_command import redrive
from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, show_json, show_table, with_settings
from events.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the group `dead-letters` to ``app``."""
    group = typer.Typer(
        no_args_is_help=True,
        help="List, explain and publish again the messages that were refused whole.",
    )
    group.command("list")(with_settings(*ACCESS)(list_letters))
    group.command("show")(with_settings(*ACCESS, *CODEC)(show))
    group.command("redrive")(with_settings(*ACCESS, *CODEC, "producer_buffer_bytes")(redrive))
    app.add_typer(group, name="dead-letters")


def list_letters(
    *,
    settings: Settings,
    reasons: Reasons = None,
    since: Since = None,
    partition: Partition = None,
    limit: Annotated[int, typer.Option(min=1, help="As many at most, newest first.")] = 50,
    summary: Annotated[
        bool, typer.Option("--summary", help="Numbers by day, topic and reason instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List dead letters: where they are, why, and whether Kafka still has the message.

    Kafka is asked if servers are named. Never shows what is in a message.

    Example: glasshouse dead-letters list --reason unknown_schema --since 2026-11-01
    """
    from deploy.dead_letters import books
    from deploy.dead_letters.advice import where_it_is
    from deploy.dead_letters.held import held_by_kafka, whereabouts
    from deploy.dead_letters.letter import written
    from events.topics import Topic

    meant = wanted(reasons, since, partition)
    with open_books(settings) as client:
        if summary:
            _show_summary(books.summary(client, meant), as_json)
            return
        letters = books.newest(client, meant, limit)
    topics = {Topic(each.topic) for each in letters if each.topic in [*Topic]}
    held = held_by_kafka(settings, sorted(topics))
    found = [(each, whereabouts(each, held)) for each in letters]
    if as_json:
        for letter, where in found:
            show_json({**letter.to_json(), "whereabouts": where.value})
        return
    rows = [
        (
            written(letter.place),
            letter.topic,
            letter.reason,
            f"{letter.time:%Y-%m-%d %H:%M:%S}",
            where_it_is(letter, where),
        )
        for letter, where in found
    ]
    show_table("", ("partition:offset", "topic", "reason", "message time (UTC)", "where"), rows)
    if len(letters) == limit:
        err.print(f"the newest {limit:,} are shown; --limit shows more, --summary counts all")


def show(
    place: Annotated[
        str,
        typer.Argument(metavar="PARTITION:OFFSET", help="As `list` shows it.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    *,
    settings: Settings,
) -> None:
    """Explain one dead letter of the raw topic: what is wrong where, and what to do about it.

    Says sizes, and names of fields and headers; never a value of the message or its key.

    Example: glasshouse dead-letters show 0:17 --kafka-servers localhost:9092
    """
    from deploy.dead_letters import books
    from deploy.dead_letters.held import held_by_kafka
    from deploy.dead_letters.letter import parse, written
    from deploy.dead_letters.show import described, picked, told
    from events.registry import codec_for
    from events.topics import Topic

    named = parse(place)
    with open_books(settings) as client:
        letters = books.at(client, named)
    if not letters:
        raise InputError(
            f"the books have no dead letter at {place}: see `glasshouse dead-letters list`. One "
            "that was refused just now comes in with the next load."
        )
    held = held_by_kafka(settings, [Topic.RAW]).get(Topic.RAW.value)
    with recorded(settings, Act.DEAD_LETTER_SHOW, detail=written(named)) as done, registry_needed():
        found = described(picked(letters, held), held, settings, codec_for(settings))
        done.rows = 1
    if as_json:
        show_json(found)
    else:
        show_table("", ("", ""), [(what, escape(words)) for what, words in told(found)])


def _show_summary(rows: list[tuple[str, str, str, int, int]], as_json: bool) -> None:
    columns = ("day", "topic", "reason", "messages", "redriven")
    if as_json:
        for row in rows:
            show_json(dict(zip(columns, row, strict=True)))
    else:
        show_table("", columns, rows)
