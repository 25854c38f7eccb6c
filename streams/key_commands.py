"""The command `keys`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

import typer

from events.audit.entry import Act
from events.errors import InputError
from events.options import err, out, show_json, show_table, with_settings
from events.purposes import Purpose
from events.settings import KAFKA_ACCESS, KEY_ACCESS, REGISTRY_ACCESS, Settings

if TYPE_CHECKING:
    from streams.key_file import Service
    from streams.key_officer import KeyAct, KeyOfficer

T = TypeVar("T")
_Moment = Optional[datetime]  # noqa: UP045 (Typer reads it at run time)
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    keys = typer.Typer(no_args_is_help=True, help="Make, rotate and destroy the pseudonym keys.")
    for name, command in (
        ("init", init),
        ("list", list_epochs),
        ("rotate", rotate),
        ("destroy", destroy),
        ("rewrap", rewrap),
        ("move", move),
        ("public", public),
        ("rotate-sealing", rotate_sealing),
    ):
        keys.command(name)(with_settings(*KEY_ACCESS)(command))
    reads = with_settings(*KAFKA_ACCESS, *REGISTRY_ACCESS, *KEY_ACCESS)
    keys.command("pseudonym")(reads(pseudonym))
    app.add_typer(keys, name="keys")


def init(
    settings: Settings,
    lead_minutes: Annotated[
        int,
        typer.Option(
            min=10,
            help="How far ahead every new epoch starts at least. Workers look 60 times as often, "
            "and all copies of the file must be in place within half of it.",
        ),
    ] = 60,
    as_json: _Json = False,
) -> None:
    """Make the key file, mode 0600, with one epoch. An existing one is never overwritten.

    With --vault-url its keys are sealed there, by a Transit engine that holds no other key.

    Example: glasshouse keys init --key-file /etc/glasshouse/keys.json
    """
    from events.clock import MS_PER_MINUTE

    officer = _officer(settings)
    kind: Service = "vault" if settings.vault_url else "file"
    lead_ms = lead_minutes * MS_PER_MINUTE
    act = _on_record(settings, Act.KEYS_INIT, lambda: officer.init(kind, lead_ms), "epoch 1")
    path = settings.keys_path
    note = (
        f"made {path} (mode 0600), sealed by {settings.vault_url}: back up the file and the service"
        if settings.vault_url
        else f"made {path} (mode 0600): back it up where only operators can read"
    )
    _tell(act, note, as_json)


def list_epochs(settings: Settings, as_json: _Json = False) -> None:
    """List the key epochs; the keys themselves are never shown, nor opened.

    Example: glasshouse keys list
    """
    from events.clock import MS_PER_MINUTE, to_datetime
    from events.errors import SettingsError
    from streams.key_file import read_key_file

    def shown(at_ms: int | None) -> str | None:
        return None if at_ms is None else to_datetime(at_ms).isoformat()

    stored, faults = read_key_file(settings.keys_path)
    if faults:
        raise SettingsError(f"key file {settings.keys_path}", faults)
    found: list[dict[str, Any]] = [
        {
            "epoch": entry.epoch,
            "from": shown(entry.from_ms),
            "state": "sealed" if entry.destroyed_ms is None else "destroyed",
            "made": shown(entry.made_ms),
            "made_by": entry.made_by or None,
            "destroyed": shown(entry.destroyed_ms),
            "destroyed_by": entry.destroyed_by or None,
        }
        for entry in stored.epochs
    ]
    if stored.service == "file":
        for each in found:
            each["state"] = "destroyed" if each["destroyed"] else "in the file"
    if as_json:
        show_json({"service": stored.service, "lead_ms": stored.lead_ms, "epochs": found})
        return
    rows = [
        (
            each["epoch"],
            each["from"],
            each["state"],
            _when_and_who(each, "made"),
            _when_and_who(each, "destroyed"),
        )
        for each in found
    ]
    lead = f"{stored.lead_ms / MS_PER_MINUTE:g} min"
    title = f"kept by: {stored.service}; a new epoch starts at least {lead} ahead"
    show_table(title, ("epoch", "from (event time)", "keys", "made", "destroyed"), rows)


def rotate(
    settings: Settings,
    start: Annotated[
        _Moment, typer.Option("--from", help="UTC; default: one day from now.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Add an epoch with fresh keys, from a moment of event time that lies ahead.

    It lies ahead so that every running worker has seen the new file before the first batch of the
    new epoch comes: which epoch a batch belongs to must never depend on when it is read. Workers
    look for themselves; nothing has to be restarted. Older rows keep their epoch.

    Example: glasshouse keys rotate --from 2027-01-01
    """
    from datetime import UTC

    from events.clock import MS_PER_DAY, to_datetime, to_ms

    from_ms = to_ms(start.replace(tzinfo=UTC)) if start else None
    officer = _officer(settings)
    meant = "" if from_ms is None else f"from {to_datetime(from_ms).isoformat()}"
    act, start_ms = _on_record(
        settings, Act.KEYS_ROTATE, lambda: officer.rotate(from_ms, MS_PER_DAY), meant
    )
    starts = to_datetime(start_ms).isoformat()
    note = (
        f"epoch {act.epochs[0]} starts at {starts}. Workers take it from {settings.keys_path} by "
        "themselves; copies of it elsewhere must be in place within half of the lead"
    )
    _tell(act, note, as_json, start=starts)


def destroy(
    settings: Settings,
    epoch: Annotated[int, typer.Argument(help="Its number, as `glasshouse keys list` has it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Destroy the keys of an epoch that is over: nobody can tell any more whose its rows are.

    This cannot be undone. Its rows stay, but lead to no person, no message and no other row of the
    same person in another epoch; `pseudonym` and `trace` refuse it, and events that are dated in
    it and come later are rejected. Running workers drop the keys within a sixtieth of the lead.

    Where the file alone keeps the keys, a backup of it still has them: destroy those too. Where a
    key service seals them, copies of the file are worth nothing from then on, and only a backup of
    the service could bring the key back.

    Example: glasshouse keys destroy 3 --yes
    """
    import sys

    if not yes:
        if not sys.stdin.isatty():
            raise InputError("destroying keys cannot be undone: say --yes")
        typer.confirm(f"Destroy the keys of epoch {epoch} for good? Nobody can undo it", abort=True)
    officer = _officer(settings)
    act = _on_record(settings, Act.KEYS_DESTROY, lambda: officer.destroy(epoch), f"epoch {epoch}")
    rest = (
        "every backup of the key file still has them, as have its disk's snapshots"
        if act.service == "file"
        else "backups of the key service from before can still bring its key back"
    )
    note = (
        f"the keys of epoch {epoch} are destroyed here. What remains for you: {rest}; and the raw "
        "topic keeps the messages of the last seven days, which can be compared with rows"
    )
    _tell(act, note, as_json)


def rewrap(settings: Settings, as_json: _Json = False) -> None:
    """Seal all keys under new versions of the key service's keys, and retire the old versions.

    After a copy of the key file may have got into the wrong hands together with a token: the copy
    cannot be opened any more. Pseudonyms stay as they are; running workers notice nothing.

    Example: glasshouse keys rewrap
    """
    officer = _officer(settings)
    act = _on_record(settings, Act.KEYS_REWRAP, officer.rewrap)
    _tell(act, "all keys are sealed anew; older copies of the file cannot be opened", as_json)


def move(settings: Settings, as_json: _Json = False) -> None:
    """Move the keys out of the key file into the key service at --vault-url.

    They stay the same, so no pseudonym changes, and running workers go on; give them --vault-url
    and a token before, or a restarted worker cannot open its keys. Then destroy every backup of
    the old file, which has the keys in the clear.

    Example: glasshouse keys move --vault-url https://vault:8200 --vault-token-file officer.token
    """
    officer = _officer(settings)
    act = _on_record(settings, Act.KEYS_MOVE, officer.move)
    path = settings.keys_path
    note = f"the keys of {path} are sealed by {settings.vault_url}: destroy the file's old backups"
    _tell(act, note, as_json)


def public(
    settings: Settings,
    to: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(help="The file to write, or replace. Default: standard output."),
    ] = None,
    registrar: Annotated[
        bool, typer.Option("--registrar", help="For those who record consent: mode 0600.")
    ] = False,
    longest: Annotated[
        int,
        typer.Option(
            "--longest-subject-bytes", min=1, max=128, help="Names are padded to one more."
        ),
    ] = 63,
) -> None:
    """Export what producers seal subjects to (their setting sealing_file). It holds no secret.

    With --registrar also the key by which people are looked up in Kafka: that one is secret.

    Example: glasshouse keys public --to producer.json
    """
    from events.audit.recorded import recorded
    from streams.keys import load_ring
    from streams.sealing_keys import export, text_of

    sealing = load_ring(settings).sealing.exported(longest + 1, for_registrar=registrar)
    with recorded(settings, Act.KEYS_PUBLIC, detail="registrar" if registrar else "producers"):
        if to is None:
            out.print(text_of(sealing), highlight=False, markup=False, soft_wrap=True)
            return
        export(sealing, to)
    err.print(f"made {to}: subjects are sealed to the key {sealing.public.id.hex()}")


def rotate_sealing(settings: Settings, as_json: _Json = False) -> None:
    """Add a key pair that subjects are sealed to. The older ones go on opening what was sealed.

    Running workers take it by themselves, within a sixtieth of the lead: export it to the producers
    after that.

    Example: glasshouse keys rotate-sealing
    """
    officer = _officer(settings)
    act, public = _on_record(settings, Act.KEYS_ROTATE_SEALING, officer.rotate_sealing)
    note = (
        f"subjects will be sealed to the key {public.id.hex()}. Wait until the workers' logs say "
        "that keys were reloaded; then export it with `glasshouse keys public`"
    )
    _tell(act, note, as_json, key=public.id.hex())


def pseudonym(
    settings: Settings,
    subject: Annotated[str, typer.Argument(help="The employer's identifier of the person.")],
    purpose: Annotated[
        Optional[Purpose],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(help="Default: every purpose."),
    ] = None,
    epoch: Annotated[
        Optional[int],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(help="Default: every epoch."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Give the pseudonyms of one person: only with the key file can this be done, and only while
    the person has a secret, in Kafka or, after a trial, in the data directory.

    Exit status 1 where the person has none: never enrolled, or forgotten.

    Example: glasshouse keys pseudonym user12 --purpose agent_training
    """
    from events.audit.recorded import recorded
    from events.batch import is_subject
    from events.purposes import GOVERNANCE, PURPOSES
    from events.sealing import digest
    from streams.keys import load_ring
    from streams.one_secret import secret_of
    from streams.pseudonymise import pseudonym_of, subject_id

    if not is_subject(subject):
        raise InputError("the subject must be 1 to 128 bytes of UTF-8")
    ring = load_ring(settings)
    epochs = ring.live if epoch is None else (ring.numbered(epoch),)
    purposes = (purpose,) if purpose else PURPOSES
    called = digest(ring.sealing.digest_key, subject)
    person = subject_id(ring.epochs[-1].keys[GOVERNANCE], called)
    meant = ", ".join(purposes)
    with recorded(settings, Act.PSEUDONYM, purpose=meant, person=person) as done:
        secret = secret_of(subject, settings, ring.sealing)
        rows = [
            (name.value, entry.epoch, str(pseudonym_of(entry.keys[name], secret.value)))
            for name in purposes
            for entry in epochs
            if secret is not None
        ]
        done.rows = len(rows)
    if secret is None:
        err.print(
            "the person has no secret, so nobody can tell their rows: not enrolled, or forgotten"
        )
        raise typer.Exit(1)
    if as_json:
        for name, number, value in rows:
            show_json({"purpose": name, "epoch": number, "pseudonym": value})
    else:
        show_table("", ("purpose", "epoch", "pseudonym"), rows)
    if epoch is None and ring.destroyed:
        gone = ", ".join(map(str, ring.destroyed))
        err.print(f"nobody can compute those of the destroyed epochs: {gone}")


def _officer(settings: Settings) -> KeyOfficer:
    from events.clock import SystemClock
    from streams.key_officer import KeyOfficer

    return KeyOfficer(settings, SystemClock())


def _on_record(settings: Settings, act: Act, does: Callable[[], T], meant: str = "") -> T:
    """What ``does`` gives, and the act recorded; a key service that is away ends the command, which
    can be run again."""
    from events.audit.recorded import recorded
    from events.errors import Retry, ServerMissing

    with recorded(settings, act, detail=meant):
        try:
            return does()
        except Retry as error:
            raise ServerMissing(f"{error}. Run the same command again when it answers") from None


def _tell(act: KeyAct, note: str, as_json: bool, **more: str) -> None:
    if as_json:
        show_json({"act": act.act, "epochs": act.epochs, "service": act.service, **more})
    err.print(note)


def _when_and_who(found: dict[str, Any], what: str) -> str:
    at, who = found[what], found[f"{what}_by"]
    return f"{at or ''} by {who}" if who else at or ""
