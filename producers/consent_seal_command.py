"""The command `consent seal`: for topics from before names were sealed."""

from __future__ import annotations

from typing import Annotated

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.clock import SystemClock
from events.options import out, show_json
from events.settings import Settings
from events.topics import Topic
from producers.connect import connect


def seal(
    *,
    settings: Settings,
    actor: Annotated[
        str,
        typer.Option(metavar="ROLE:ID", help="Who runs it: a role and an opaque id, never a name."),
    ] = "operator:0",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take the names out of a consent topic from before names were sealed. It may be run again.

    A withdrawal or pause that still counts is first written again without a name; a grant of that
    time allows nothing any more. Upgrade all workers first, and whatever records consent. The old
    records are gone from Kafka's disks once it has compacted the topic.

    Example: glasshouse consent seal --dry-run
    """
    from events.registry import codec_for
    from events.sealing_file import digest_key_of, load_sealing
    from producers.consent_sealing import ConsentTopic, seal_names
    from producers.consents import Writer, actor_of
    from producers.publisher import Publisher

    writer, codec = Writer(actor_of(actor)), codec_for(settings)
    connect(settings, Topic.CONSENT)
    path = settings.sealing_path
    topic = ConsentTopic(settings, codec, digest_key_of(load_sealing(path), path))
    with recorded(settings, Act.CONSENT, detail="seal") as done:
        names = topic.names()
        noes = topic.noes(names, writer, SystemClock().now_ms())
        if not dry_run:
            with Publisher(settings, codec) as publisher:
                seal_names(publisher, names, noes)
            done.rows = names.records
    found = {"people": len(names.keys), "with_a_name": names.records, "written_anew": len(noes)}
    if as_json:
        show_json({**found, "dry_run": dry_run})
        return
    out.print(
        f"{names.records} records of {len(names.keys)} people {'have' if dry_run else 'had'} a "
        f"name in them; {len(noes)} of them {'have to be' if dry_run else 'were'} written anew "
        "without one",
        highlight=False,
        soft_wrap=True,
    )
