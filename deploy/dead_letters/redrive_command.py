"""The command `dead-letters redrive`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from deploy.dead_letters.options import (
    Partition,
    Reasons,
    Since,
    open_books,
    registry_needed,
    wanted,
)
from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, out, show_json, show_table
from events.settings import Settings

if TYPE_CHECKING:
    from deploy.dead_letters.books import Places
    from deploy.dead_letters.held import Held
    from deploy.dead_letters.redrive import Tally

_LEFT = 1  # exit status where a message that was named could not be published again


def redrive(
    named: Annotated[
        Optional[list[str]],  # noqa: UP045 (Typer reads it at run time)
        typer.Argument(metavar="[PARTITION:OFFSET]...", help="Dead letters of the raw topic."),
    ] = None,
    *,
    reasons: Reasons = None,
    since: Since = None,
    partition: Partition = None,
    every: Annotated[bool, typer.Option("--all", help="All that were refused.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find out what would be done; send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    settings: Settings,
) -> None:
    """Publish dead letters again, after what was wrong is put right: same key, value, partition.

    Only such as are accepted now; others are left, and so are those published again before.
    Upgrade the workers first. Exit status 1 if one that was named could not be published again.

    Example: glasshouse dead-letters redrive --reason unknown_schema --dry-run
    """
    from deploy.dead_letters import books
    from deploy.dead_letters.held import held_by_kafka
    from deploy.dead_letters.letter import parse
    from deploy.dead_letters.redrive import NO_LETTER
    from events.topics import Topic

    if bool(named) == bool(every or reasons):
        raise InputError("name messages by PARTITION:OFFSET, or choose with --reason or --all")
    if named and (since or partition is not None):
        raise InputError("--since and --partition go with --reason or --all")
    if settings.embedded_kafka:
        raise InputError("no Kafka is named: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS)")
    asked = {parse(text) for text in named or ()}
    held = held_by_kafka(settings, [Topic.RAW]).get(Topic.RAW.value)
    if held is None:
        raise InputError(f"there is no topic {Topic.RAW.value}, or this user may not see it")
    with open_books(settings) as client:
        places = books.places_of(client, wanted(reasons, since, partition), held.topic_id)
        starts = books.first_unaccounted(client, held.topic_id, dict(held.low))
    if named:
        places = places.only(asked)
    if not (named or dry_run or yes):
        confirm(len(places))
    meant = "dry run" if dry_run else ""
    with recorded(settings, Act.REDRIVE, detail=meant) as done:
        tally = _run(settings, places, held, starts, send=not dry_run)
        done.rows = sum(tally.counts.values())
    for place in sorted(asked - {*places}) if named else ():
        tally.note(NO_LETTER, place)
    _show_tally(tally, dry_run, as_json)
    raise typer.Exit(_LEFT if named and tally.lost else 0)


def _run(
    settings: Settings, places: Places, held: Held, starts: dict[int, int], *, send: bool
) -> Tally:
    from deploy.dead_letters.copies import copied_since
    from deploy.dead_letters.progress import counted
    from deploy.dead_letters.read import Reader
    from deploy.dead_letters.redrive import Redrive
    from events.registry import codec_for
    from producers.ctrl_c import asked_to_stop
    from producers.publisher import Publisher

    codec = codec_for(settings)
    touched = {int(partition) for partition in set(places.partition.tolist())} & starts.keys()
    with counted("looking for copies that are not in the books yet") as on_read:
        copied = copied_since(
            settings, held.topic_id, {each: starts[each] for each in touched}, on_read
        )
    with ExitStack() as parts:
        parts.enter_context(registry_needed())
        asked = parts.enter_context(asked_to_stop())
        source, copies = (parts.enter_context(Reader(settings)) for _ in range(2))
        target = parts.enter_context(Publisher(settings, codec)) if send else None
        on_done = parts.enter_context(counted("dead letters", len(places)))
        work = Redrive(held, copied, source, copies, target, codec)
        tally = work.run(places, on_done, asked.is_set)
    if asked.is_set():
        err.print("stopped by Ctrl-C; the same command goes on where this one ended")
    return tally


def confirm(count: int) -> None:
    """Return if the person at the terminal says yes. ``InputError`` where there is none."""
    if not sys.stdin.isatty():
        raise InputError("nobody is here to be asked: say --yes, or --dry-run to see what is due")
    typer.confirm(f"Publish up to {count:,} messages again?", abort=True, err=True)


def _show_tally(tally: Tally, dry_run: bool, as_json: bool) -> None:
    if as_json:
        outcomes = {
            outcome: {"messages": count, "places": tally.places[outcome]}
            for outcome, count in tally.counts.items()
        }
        show_json({"dry_run": dry_run, "outcomes": outcomes})
        return
    rows = [
        (outcome, count, ", ".join(tally.places[outcome]))
        for outcome, count in tally.counts.items()
    ]
    if rows:
        show_table("", ("outcome", "messages", "the first of them"), rows)
    else:
        out.print("no dead letter is meant")
