"""The commands `consent acknowledge`, `grant`, `withdraw`, `object`, `pause` and `resume`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.clock import SystemClock
from events.consent import TO_TERMS, ConsentAction
from events.errors import InputError
from events.options import out, show_json, with_settings
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.settings import POLICY_ACCESS, Settings
from events.topics import Topic
from producers.connect import CONNECTION, connect
from producers.consent_reading import history, show
from producers.consent_seal_command import seal

if TYPE_CHECKING:
    from events.consent_record import ConsentRecord


@unique
class Purposes(StrEnum):
    AGENT_TRAINING = "agent_training"
    TEAM_ANALYTICS = "team_analytics"
    ALL = "all"

    @property
    def named(self) -> tuple[Purpose, ...]:
        return PURPOSES if self is Purposes.ALL else (Purpose(self.value),)


_Subjects = Annotated[
    Optional[list[str]],  # noqa: UP045 (Typer reads it at run time)
    typer.Argument(metavar="SUBJECT...", help="Who speaks: the employer's identifiers."),
]
_FromFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="A file with one more subject a line."),
]
_Purpose = Annotated[Purposes, typer.Option(help="What it is about.")]
_Actor = Annotated[
    str,
    typer.Option(
        metavar="ROLE:ID",
        help="Who writes it down: `subject`, or representative or operator with an opaque id in "
        "hexadecimal, never a name.",
    ),
]
_Law = Annotated[
    str, typer.Option(help="The person's law: a code of ISO 3166, such as DE or US-NY.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]

#: Where nobody says who writes.
_NOBODY_NAMED = "operator:0"


def register(app: typer.Typer) -> None:
    """Add the group `consent` to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Say, or show, what a person allows.")
    for command in (acknowledge, grant, withdraw, object_, pause, resume, show, history, seal):
        name = command.__name__.rstrip("_")
        group.command(name)(with_settings(*CONNECTION, *POLICY_ACCESS)(command))
    app.add_typer(group, name="consent")


def acknowledge(
    *,
    settings: Settings,
    purpose: _Purpose,
    subjects: _Subjects = None,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people have been shown the notice in force. That alone allows nothing.

    Example: glasshouse consent acknowledge alice bob --purpose agent_training
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.ACKNOWLEDGE, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def grant(
    *,
    settings: Settings,
    purpose: _Purpose,
    subjects: _Subjects = None,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people agree to a purpose, under the notice and lawful basis in force.

    Consent is given for a purpose, so --purpose must be named here. It counts once the person has
    acknowledged the notice as well.

    Example: glasshouse consent grant alice bob --purpose agent_training --actor operator:7f3c9a
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.GRANT, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def withdraw(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people no longer agree: from now on nothing of theirs passes.

    Example: glasshouse consent withdraw alice
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.WITHDRAW, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def object_(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people object (GDPR Art. 21): from now on nothing of theirs passes.

    Example: glasshouse consent object alice --purpose team_analytics
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.OBJECT, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def pause(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people want nothing to pass for a while; what they granted stays granted.

    A pause has no limit, and nobody is asked for a reason.

    Example: glasshouse consent pause alice --purpose team_analytics
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.PAUSE, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def resume(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    actor: _Actor = _NOBODY_NAMED,
    jurisdiction: _Law = "ZZ",
    as_json: _Json = False,
) -> None:
    """Record that people end their pause; it grants nothing that was not granted.

    Example: glasshouse consent resume alice
    """
    people = _people(subjects, from_file)
    typed = _Typed(ConsentAction.RESUME, purpose, people, actor, jurisdiction)
    _say(settings, typed, as_json=as_json)


def _people(subjects: list[str] | None, from_file: Path | None) -> list[str]:
    people = list(subjects or ())
    if from_file is not None:
        try:
            lines = from_file.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{from_file}: is not a readable file of UTF-8 text") from None
        people += [line.strip() for line in lines if line.strip()]
    if not people:
        raise InputError("nobody is named: give one SUBJECT or more, or --from-file")
    return people


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was asked for on the command line."""

    action: ConsentAction
    purpose: Purposes
    people: list[str] = field(repr=False)
    actor: str
    jurisdiction: str


def _say(settings: Settings, typed: _Typed, *, as_json: bool) -> None:
    from events.registry import codec_for
    from producers.consents import Writer, actor_of, words
    from producers.publisher import Publisher

    action, purposes = typed.action, typed.purpose.named
    # A no must never wait for a policy that cannot be read.
    policy = verified_policy(settings) if action in TO_TERMS else None
    writer = Writer(actor_of(typed.actor), typed.jurisdiction)
    said = words(typed.people, purposes, action, SystemClock().now_ms(), policy, writer=writer)
    connect(settings, Topic.CONSENT, *[Topic.SECRETS] * (action is ConsentAction.GRANT))
    meant = ", ".join(purposes)
    with recorded(settings, Act.CONSENT, purpose=meant, detail=action.value) as done:
        with Publisher(settings, codec_for(settings)) as publisher:
            records = publisher.publish_words(said)
        done.rows = publisher.report.messages_acknowledged
    _show_said(records, publisher.report.messages_acknowledged, as_json)


def _show_said(records: list[ConsentRecord], acknowledged: int, as_json: bool) -> None:
    """Of one person also the hash of each record: with it they can see later that it is there."""
    action = records[0].word.action
    purposes = list(dict.fromkeys(record.word.purpose.value for record in records))
    people = len(records) // len(purposes)
    receipts = {record.word.purpose.value: record.name.hex() for record in records}
    if as_json:
        show_json({
            "action": action.value,
            "purposes": purposes,
            "people": people,
            "records_acknowledged": acknowledged,
            **({"records": receipts} if people == 1 else {}),
        })  # fmt: skip
        return
    people_ = "1 person" if people == 1 else f"{people} people"
    out.print(
        f"{action.value}: {people_}, {', '.join(purposes)}: {acknowledged} records acknowledged",
        highlight=False,
    )
    if people == 1:
        for purpose, receipt in receipts.items():
            out.print(f"record for {purpose}: {receipt}", highlight=False, soft_wrap=True)
