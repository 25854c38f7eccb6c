"""The command `subject export`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.dead_letters.options import registry_needed
from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, out, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, KEY_ACCESS, POLICY_ACCESS, REGISTRY_ACCESS, Settings

if TYPE_CHECKING:
    from deploy.subject.export.case import Case
    from deploy.subject.export.gather import Gathered

_SETTINGS = (
    *KAFKA_ACCESS,
    *REGISTRY_ACCESS,
    *KEY_ACCESS,
    *POLICY_ACCESS,
    "clickhouse_url",
    "clickhouse_user",
    "audit_file",
    "actor",
)

#: The person's record, for programs, and the same for people.
RECORDS, PAGE = "export.json", "export.html"

_NOTHING_HELD = 1
_OTHERS = 0o077


def register(group: typer.Typer) -> None:
    """Add the command to ``group``."""
    group.command("export")(with_settings(*_SETTINGS)(export))


def export(
    subject: Annotated[str, typer.Argument(help="Whose.")],
    into: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Where to; made (mode 0700) if it is not there."),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of one that is there.")
    ] = False,
    without_raw: Annotated[
        bool,
        typer.Option(
            "--without-raw",
            help="Leave out the raw topic, of which everybody's messages have to be read.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary as one JSON object.")
    ] = False,
    *,
    settings: Settings,
) -> None:
    """Write everything that is held on one person: in every store of the data map, under every key,
    what they said, who read it, what it was used for (GDPR Art. 15 and 20).

    FOLDER/export.json has all of it, FOLDER/export.html says it to a person (both mode 0600). It
    takes the keys, Kafka's user custodian, and in ClickHouse an officer and the custodian of each
    purpose. Exit status 1 if nothing is held.

    Example: glasshouse subject export alice --into alice-export
    """
    from deploy.pack.html import html
    from deploy.subject.export.gather import gather
    from deploy.subject.export.page import page
    from events.whole_file import written_whole

    _prepare(into, replace=replace)
    with ExitStack() as parts:
        parts.enter_context(registry_needed())
        case = parts.enter_context(_opened(subject, settings, with_raw=not without_raw))
        name = case.person.in_the_audit_log
        done = parts.enter_context(recorded(settings, Act.SUBJECT_EXPORT, person=name))
        records = parts.enter_context(written_whole(into / RECORDS, 0o600, replace=replace))
        shown = parts.enter_context(written_whole(into / PAGE, 0o600, replace=replace))
        gathered = gather(case, records)
        shown.write(html(page(gathered)).encode())
        done.rows = gathered.records
    _tell(gathered, into, as_json=as_json)
    raise typer.Exit(0 if gathered.found else _NOTHING_HELD)


def _prepare(into: Path, *, replace: bool) -> None:
    """A folder that nobody else can open, without what an export that was killed has left."""
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        if into.stat().st_mode & _OTHERS:
            raise InputError(f"others may open {into}: chmod 700 {into}, or name another folder")
        there = [name for name in (RECORDS, PAGE) if (into / name).exists()]
        if there and not replace:
            raise InputError(f"{into / there[0]} exists already: say --replace, or another --into")
        for draft in [*into.glob(f".{RECORDS}.*"), *into.glob(f".{PAGE}.*")]:
            draft.unlink()
    except OSError as error:
        raise InputError(f"{into} cannot be used ({error.strerror})") from None


@contextmanager
def _opened(subject: str, settings: Settings, *, with_raw: bool) -> Iterator[Case]:
    """All that it takes to look through the stores for one person."""
    from deploy.dead_letters.held import held_by_kafka
    from deploy.dead_letters.progress import counted
    from deploy.subject.custody import open_custody
    from deploy.subject.export.case import Case
    from deploy.subject.person import persons
    from events.clock import SystemClock
    from events.policy_folder import agreed_policy
    from events.registry import codec_for
    from events.topics import Topic
    from producers.connect import connect
    from sinks.data_dir import require_made
    from streams.keys import load_ring

    if settings.embedded_clickhouse:
        require_made(settings.data_dir)
    agreed, ring = agreed_policy(settings), load_ring(settings)
    if not settings.embedded_kafka:
        connect(settings, Topic.CONSENT, Topic.SECRETS, Topic.RAW)
    (person,) = persons([subject], settings, ring)
    with open_custody(settings) as custody:
        yield Case(
            person=person,
            settings=settings,
            ring=ring,
            custody=custody,
            codec=codec_for(settings),
            agreed=agreed,
            made_ms=SystemClock().now_ms(),
            raw=held_by_kafka(settings, [Topic.RAW]).get(Topic.RAW.value),
            with_raw=with_raw,
            progress=counted,
        )


def _tell(gathered: Gathered, into: Path, *, as_json: bool) -> None:
    """What was found where, in numbers; never whom it is about."""
    files = [str(into / name) for name in (RECORDS, PAGE)]
    if as_json:
        counts = {each.store.name: each.count for each in gathered.held if not each.why_not}
        left_out = {each.store.name: each.why_not for each in gathered.held if each.why_not}
        show_json(
            {
                "found": gathered.found,
                "files": files,
                "records": counts,
                "not_looked_through": left_out,
            }
        )
        return
    rows = [
        (each.store.name, each.store.kind.value, each.count, each.why_not) for each in gathered.held
    ]
    show_table("", ("store", "kind", "records", "not looked through, since"), rows)
    out.print(f"wrote {' and '.join(files)}", highlight=False, soft_wrap=True)
    if not gathered.found:
        err.print("nothing is held under this name: is it written as the employer writes it?")
