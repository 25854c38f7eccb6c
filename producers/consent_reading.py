"""The commands `consent show` and `consent history`: where a person stands, and what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.consent_key import HASH_BYTES
from events.errors import InputError
from events.options import out, show_json, show_table
from events.policy import Policy
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from producers.connect import connect

if TYPE_CHECKING:
    from events.consent import Terms
    from producers.consent_history import Line
    from producers.consent_topic import Spoken

_Subject = Annotated[str, typer.Argument(help="Whose.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def show(settings: Settings, subject: _Subject, as_json: _Json = False) -> None:
    """Show where a person stands on every purpose, from the ledger itself.

    Example: glasshouse consent show alice --json
    """
    policy = verified_policy(settings)
    with recorded(settings, Act.CONSENT_SHOW) as done:
        said = _said(subject, settings)
        found = {purpose: _standing(said[purpose], purpose, policy) for purpose in PURPOSES}
        done.rows = len(found)
    if as_json:
        shown = {purpose.value: standing for purpose, standing in found.items()}
        notice = policy.notice_version
        show_json({"subject": subject, "notice_in_force": notice, "purposes": shown})
        return
    columns = ("purpose", "consent", "notice acknowledged", "granted under", "paused", "events")
    show_table("", columns, [_row(purpose, found[purpose]) for purpose in PURPOSES])


def history(
    settings: Settings,
    subject: _Subject,
    head: Annotated[
        Optional[str],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(
            metavar="HASH",
            help="A record that must be there, by the hash its writer was told.",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show all that a person ever said about each purpose, and verify the chain of these records.

    Exit status 1 where a record was changed, removed, put in or moved, with the place; and where
    --head names a record that is not there. A chain cannot show by itself that its newest records
    were cut off: for that keep the hash that each command prints. Whose the records are is verified
    too, by the digest key of the registrar's sealing file: their names are not in Kafka.

    Example: glasshouse consent history alice --json
    """
    from producers.consent_history import contains, lines

    wanted = _hash(head)
    with recorded(settings, Act.CONSENT_HISTORY) as done:
        said = _said(subject, settings)
        found = {p: lines(said[p]) for p in PURPOSES}
        done.rows = sum(len(each) for each in found.values())
    there = wanted is None or any(contains(each, wanted) for each in found.values())
    broken = {p: sum(line.is_broken for line in each) for p, each in found.items()}
    if as_json:
        _show_json(subject, found, broken, head_is_there=None if wanted is None else there)
    else:
        _show_tables(found, broken, there=there)
    raise typer.Exit(1 if any(broken.values()) or not there else 0)


def _said(subject: str, settings: Settings) -> dict[Purpose, Spoken]:
    """What the person has said about each purpose. It takes a registrar's sealing file: whoever has
    only a producer's cannot look anybody up."""
    from events.registry import codec_for
    from events.sealing import digest
    from events.sealing_file import digest_key_of, load_sealing
    from producers.consent_topic import read_said

    connect(settings, Topic.CONSENT)
    path = settings.sealing_path
    digest_key = digest_key_of(load_sealing(path), path)
    person = digest(digest_key, subject)
    said = read_said([person], digest_key, settings, codec_for(settings))
    return {purpose: said[person, purpose] for purpose in PURPOSES}


def _hash(text: str | None) -> bytes | None:
    try:
        found = None if text is None else bytes.fromhex(text)
    except ValueError:
        found = b""
    if found is not None and len(found) != HASH_BYTES:
        raise InputError("--head is not the hash of a record: 64 hexadecimal digits")
    return found


def _standing(spoken: Spoken, purpose: Purpose, policy: Policy) -> dict[str, Any]:
    from events.consent_chain import objection
    from events.outcomes import Withheld
    from events.terms import terms_in_force

    standing = spoken.chain.standing
    terms = terms_in_force(policy, purpose)
    no = objection(standing, terms) if terms else Withheld.PURPOSE_NOT_REGISTERED
    consent = standing.stopped.value if standing.stopped else ""
    return {
        "consent": consent or ("granted" if standing.granted else "never"),
        "notice_acknowledged": _version(standing.acknowledged),
        "notice_version": _version(standing.granted),
        "paused": standing.paused,
        "chain_broken": standing.doubtful,
        "events_pass": no is None,
        "reason": no.value if no else None,
    }


def _version(terms: Terms | None) -> str | None:
    return terms.notice_version if terms else None


def _row(purpose: Purpose, standing: dict[str, Any]) -> tuple[str, ...]:
    return (
        purpose.value,
        standing["consent"],
        standing["notice_acknowledged"] or "-",
        standing["notice_version"] or "-",
        "yes" if standing["paused"] else "no",
        "pass" if standing["events_pass"] else f"withheld: {standing['reason']}",
    )


def _show_json(
    subject: str,
    found: dict[Purpose, list[Line]],
    broken: dict[Purpose, int],
    *,
    head_is_there: bool | None,
) -> None:
    purposes = {
        purpose.value: {
            "whole": not broken[purpose],
            "records": [line.to_json() for line in each],
        }
        for purpose, each in found.items()
    }
    show_json({"subject": subject, "head_is_there": head_is_there, "purposes": purposes})


def _show_tables(
    found: dict[Purpose, list[Line]], broken: dict[Purpose, int], *, there: bool
) -> None:
    for purpose, each in found.items():
        shown = [_line(place, line) for place, line in enumerate(each, start=1)]
        columns = ("", "at (UTC)", "action", "notice", "written by", "law", "hash", "chain")
        show_table(purpose.value, columns, shown)
        for place, line in enumerate(each, start=1):
            if line.is_broken:
                out.print(f"BROKEN: record {place} {line.fault}", highlight=False, soft_wrap=True)
        if broken[purpose]:
            out.print(
                "Until the person has said acknowledge, grant and resume behind it, nothing of "
                "theirs passes for this purpose.",
                highlight=False,
                soft_wrap=True,
            )
    if not there:
        out.print("BROKEN: no record has the hash that --head names", highlight=False)
    elif not any(broken.values()):
        out.print("every record follows the one before it", highlight=False)


def _line(place: int, line: Line) -> tuple[str, ...]:
    told = line.to_json()
    actor = ":".join(filter(None, (told.get("actor_role"), told.get("actor_id"))))
    return (
        str(place),
        (told.get("at") or "?")[:19].replace("T", " "),
        told.get("action") or "?",
        told.get("notice_version") or "-",
        actor or "?",
        told.get("jurisdiction") or "?",
        (told["hash"] or "-")[:12],
        "BROKEN" if line.is_broken else (line.fault or "follows"),
    )
