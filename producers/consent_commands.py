"""The commands `consent grant`, `withdraw`, `pause`, `resume` and `show`."""

from __future__ import annotations

from enum import StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.clock import SystemClock, to_datetime
from events.consent import ConsentAction, ConsentRecord
from events.errors import InputError
from events.options import out, show_json, show_table, with_settings
from events.policy import load_policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings

if TYPE_CHECKING:
    from producers.consents import Standing

_CONNECTION = (
    "kafka_servers",
    "kafka_partitions",
    "kafka_replicas",
    "schema_registry_url",
    "server_timeout_s",
    "policy_file",
)


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
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the group `consent` to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Say, or show, what a person allows.")
    for command in (grant, withdraw, pause, resume, show):
        group.command()(with_settings(*_CONNECTION)(command))
    app.add_typer(group, name="consent")


def grant(
    settings: Settings,
    purpose: _Purpose,
    subjects: _Subjects = None,
    from_file: _FromFile = None,
    notice: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Version of the notice they were shown. [default: the policy's]"),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Record that people agree to a purpose, having been shown a notice.

    Consent is given for a purpose, so --purpose must be named here.

    Example: glasshouse consent grant alice bob --purpose agent_training
    """
    version = load_policy(settings.policy_file).notice_version if notice is None else notice
    people = _people(subjects, from_file)
    _say(settings, ConsentAction.GRANT, people, purpose, version, as_json)


def withdraw(
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people no longer agree: from now on nothing of theirs passes.

    Example: glasshouse consent withdraw alice
    """
    _say(settings, ConsentAction.WITHDRAW, _people(subjects, from_file), purpose, "", as_json)


def pause(
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people want nothing to pass for a while; what they granted stays granted.

    Example: glasshouse consent pause alice --purpose team_analytics
    """
    _say(settings, ConsentAction.PAUSE, _people(subjects, from_file), purpose, "", as_json)


def resume(
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people end their pause; it grants nothing that was not granted.

    Example: glasshouse consent resume alice
    """
    _say(settings, ConsentAction.RESUME, _people(subjects, from_file), purpose, "", as_json)


def show(
    settings: Settings,
    subject: Annotated[str, typer.Argument(help="Whose standing.")],
    as_json: _Json = False,
) -> None:
    """Show where a person stands on every purpose, from the ledger itself.

    Example: glasshouse consent show alice --json
    """
    from events.registry import codec_for
    from producers.connect import connect
    from producers.consent_topic import last_words
    from producers.consents import keys_of, standings

    notice = load_policy(settings.policy_file).notice_version
    connect(settings)
    found = standings(last_words(keys_of(subject), settings, codec_for(settings)))
    shown = {standing.purpose.value: _shown(standing, notice) for standing in found}
    if as_json:
        show_json({"subject": subject, "notice_in_force": notice, "purposes": shown})
        return
    columns = ("purpose", "consent", "since", "notice", "paused", "since", "events pass")
    rows = [(purpose, *map(_cell, fields.values())) for purpose, fields in shown.items()]
    show_table("", columns, rows)


def _shown(standing: Standing, notice_in_force: str) -> dict[str, Any]:
    consent, pause_ = standing.consent, standing.pause
    return {
        "consent": standing.word,
        "since": _iso(consent),
        "notice_version": (consent.notice_version or None) if consent else None,
        "paused": standing.paused,
        "paused_since": _iso(pause_) if standing.paused else None,
        "events_pass": standing.flows(notice_in_force),
    }


def _iso(word: ConsentRecord | None) -> str | None:
    return to_datetime(word.at_ms).isoformat(timespec="seconds") if word else None


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _people(subjects: list[str] | None, from_file: Path | None) -> list[str]:
    people = list(subjects or ())
    if from_file is not None:
        try:
            lines = from_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{from_file}: is not a readable file of UTF-8 text") from None
        people += [line.strip() for line in lines if line.strip()]
    if not people:
        raise InputError("nobody is named: give one SUBJECT or more, or --from-file")
    return people


def _say(
    settings: Settings,
    action: ConsentAction,
    people: list[str],
    purpose: Purposes,
    notice: str,
    as_json: bool,
) -> None:
    from events.registry import codec_for
    from producers.connect import connect
    from producers.consents import words
    from producers.publisher import Publisher

    records = words(people, purpose.named, action, notice, SystemClock().now_ms())
    connect(settings)
    with Publisher(settings, codec_for(settings)) as publisher:
        for record in records:
            publisher.publish_consent(record)
    acknowledged = publisher.report.messages_acknowledged
    different = len(records) // len(purpose.named)
    if as_json:
        show_json({
            "action": action.value,
            "purposes": [one.value for one in purpose.named],
            "people": different,
            "records_acknowledged": acknowledged,
        })  # fmt: skip
        return
    out.print(
        f"{action.value}: {different} people, {', '.join(purpose.named)}: "
        f"{acknowledged} records acknowledged",
        highlight=False,
    )
