"""The commands `consent grant`, `withdraw`, `pause`, `resume` and `show`."""

from __future__ import annotations

from enum import StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.clock import SystemClock, to_datetime
from events.consent import ConsentAction, ConsentRecord
from events.errors import InputError
from events.options import out, show_json, show_table, with_settings
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.settings import POLICY_ACCESS, Settings
from events.topics import Topic
from producers.connect import CONNECTION, connect

if TYPE_CHECKING:
    from producers.consents import Standing


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
        group.command()(with_settings(*CONNECTION, *POLICY_ACCESS)(command))
    app.add_typer(group, name="consent")


def grant(
    *,
    settings: Settings,
    purpose: _Purpose,
    subjects: _Subjects = None,
    from_file: _FromFile = None,
    notice: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Version of the notice they were shown. (default: the policy's)"),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Record that people agree to a purpose, having been shown a notice.

    Consent is given for a purpose, so --purpose must be named here.

    Example: glasshouse consent grant alice bob --purpose agent_training
    """
    version = verified_policy(settings).notice_version if notice is None else notice
    people = _people(subjects, from_file)
    _say(settings, ConsentAction.GRANT, people, purpose=purpose, notice=version, as_json=as_json)


def withdraw(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people no longer agree: from now on nothing of theirs passes.

    Example: glasshouse consent withdraw alice
    """
    _say(
        settings,
        ConsentAction.WITHDRAW,
        _people(subjects, from_file),
        purpose=purpose,
        notice="",
        as_json=as_json,
    )


def pause(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people want nothing to pass for a while; what they granted stays granted.

    Example: glasshouse consent pause alice --purpose team_analytics
    """
    _say(
        settings,
        ConsentAction.PAUSE,
        _people(subjects, from_file),
        purpose=purpose,
        notice="",
        as_json=as_json,
    )


def resume(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    purpose: _Purpose = Purposes.ALL,
    from_file: _FromFile = None,
    as_json: _Json = False,
) -> None:
    """Record that people end their pause; it grants nothing that was not granted.

    Example: glasshouse consent resume alice
    """
    _say(
        settings,
        ConsentAction.RESUME,
        _people(subjects, from_file),
        purpose=purpose,
        notice="",
        as_json=as_json,
    )


def show(
    settings: Settings,
    subject: Annotated[str, typer.Argument(help="Whose standing.")],
    as_json: _Json = False,
) -> None:
    """Show where a person stands on every purpose, from the ledger itself.

    Example: glasshouse consent show alice --json
    """
    from events.registry import codec_for
    from producers.consent_topic import last_words
    from producers.consents import keys_of, standings

    notice = verified_policy(settings).notice_version
    connect(settings, Topic.CONSENT)
    with recorded(settings, Act.CONSENT_SHOW) as done:
        found = standings(last_words(keys_of(subject), settings, codec_for(settings)))
        done.rows = len(found)
    shown = {standing.purpose.value: _shown(standing, notice) for standing in found}
    if as_json:
        show_json({"subject": subject, "notice_in_force": notice, "purposes": shown})
        return
    columns = ("purpose", "consent (UTC)", "notice", "paused (UTC)", "events pass")
    show_table("", columns, [_row(standing, notice) for standing in found])


def _shown(standing: Standing, notice_in_force: str) -> dict[str, Any]:
    consent, pause_ = standing.consent, standing.pause
    return {
        "consent": standing.word,
        "since": _utc(consent) if consent else None,
        "notice_version": (consent.notice_version or None) if consent else None,
        "paused": standing.paused,
        "paused_since": _utc(pause_) if pause_ and standing.paused else None,
        "events_pass": standing.flows(notice_in_force),
    }


def _row(standing: Standing, notice_in_force: str) -> tuple[str, ...]:
    consent, pause_ = standing.consent, standing.pause
    return (
        standing.purpose.value,
        f"{standing.word} {_day(consent)}" if consent else standing.word,
        (consent.notice_version if consent else "") or "-",
        f"since {_day(pause_)}" if pause_ and standing.paused else "no",
        "yes" if standing.flows(notice_in_force) else "no",
    )


def _utc(word: ConsentRecord) -> str:
    return f"{to_datetime(word.at_ms):%Y-%m-%dT%H:%M:%SZ}"


def _day(word: ConsentRecord) -> str:
    return f"{to_datetime(word.at_ms):%Y-%m-%d %H:%M}"


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


def _say(
    settings: Settings,
    action: ConsentAction,
    people: list[str],
    *,
    purpose: Purposes,
    notice: str,
    as_json: bool,
) -> None:
    from events.registry import codec_for
    from producers.consents import words
    from producers.publisher import Publisher

    records = words(people, purpose.named, action, notice, SystemClock().now_ms())
    connect(settings, Topic.CONSENT, *[Topic.SECRETS] * (action is ConsentAction.GRANT))
    meant = ", ".join(purpose.named)
    with recorded(settings, Act.CONSENT, purpose=meant, detail=action.value) as done:
        with Publisher(settings, codec_for(settings)) as publisher:
            publisher.publish_consents(records)
        done.rows = acknowledged = publisher.report.messages_acknowledged
    different = len(records) // len(purpose.named)
    if as_json:
        show_json({
            "action": action.value,
            "purposes": [one.value for one in purpose.named],
            "people": different,
            "records_acknowledged": acknowledged,
        })  # fmt: skip
        return
    people_ = "1 person" if different == 1 else f"{different} people"
    out.print(
        f"{action.value}: {people_}, {', '.join(purpose.named)}: "
        f"{acknowledged} records acknowledged",
        highlight=False,
    )
