"""The commands `worker` and `keys`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from events.errors import InputError
from events.options import err, out, show_json, show_table, with_settings
from events.purposes import Purpose
from events.settings import KAFKA_ACCESS, POLICY_KEYS, REGISTRY_ACCESS, Settings

_KEY_SETTINGS = ("data_dir", "key_file")


def register(app: typer.Typer) -> None:
    """Add this package's commands to ``app``."""
    app.command()(
        with_settings(
            *KAFKA_ACCESS,
            "kafka_partitions",
            "kafka_replicas",
            *REGISTRY_ACCESS,
            *POLICY_KEYS,
            "data_dir",
            "key_file",
            "group_prefix",
            "group_session_timeout_s",
            "take_messages",
            "take_within_ms",
            "ledger_max_age_ms",
            "commit_within_s",
            "dead_letter_limit",
            "metrics_port",
            "metrics_host",
        )(worker)
    )
    keys = typer.Typer(no_args_is_help=True, help="Make, list and rotate the pseudonym keys.")
    keys.command("init")(with_settings(*_KEY_SETTINGS)(init))
    keys.command("list")(with_settings(*_KEY_SETTINGS)(list_epochs))
    keys.command("rotate")(with_settings(*_KEY_SETTINGS)(rotate))
    keys.command("public")(with_settings(*_KEY_SETTINGS)(public))
    keys.command("rotate-sealing")(with_settings(*_KEY_SETTINGS)(rotate_sealing))
    reads = with_settings(*KAFKA_ACCESS, *REGISTRY_ACCESS, *_KEY_SETTINGS)
    keys.command("pseudonym")(reads(pseudonym))
    app.add_typer(keys, name="keys")


def worker(settings: Settings) -> None:
    """Run a stream worker: consent, minimising, pseudonyms, windows, accounting.

    Start as many as there are partitions; stop one with Ctrl-C or SIGTERM at any time.

    Example: glasshouse worker --kafka-servers localhost:9092 --metrics-port 9464
    """
    from streams.run import run_worker

    if settings.embedded_kafka:
        raise InputError(
            "a worker needs a broker: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS), or run "
            "`glasshouse broker` for an embedded one"
        )
    run_worker(settings)


def init(settings: Settings) -> None:
    """Make the key file, mode 0600, with one epoch. An existing one is never overwritten.

    Example: glasshouse keys init --key-file /etc/glasshouse/keys.json
    """
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from streams.keys import new_ring, save_keys

    with recorded(settings, Act.KEYS_INIT, detail="epoch 1"):
        save_keys(new_ring(), settings.keys_path, replace=False)
    err.print(f"made {settings.keys_path} (mode 0600): back it up where only operators can read")


def list_epochs(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """List the key epochs; the keys themselves are never shown.

    Example: glasshouse keys list
    """
    from events.clock import to_datetime
    from streams.keys import load_keys

    ring = load_keys(settings.keys_path)
    rows = [(epoch.epoch, to_datetime(epoch.from_ms).isoformat()) for epoch in ring.epochs]
    if as_json:
        show_json({"epochs": [{"epoch": epoch, "from": start} for epoch, start in rows]})
    else:
        show_table("", ("epoch", "from (event time)"), rows)


def rotate(
    settings: Settings,
    start: Annotated[
        Optional[datetime],  # noqa: UP045 (Typer reads it at run time)
        typer.Option("--from", help="UTC; default: one day from now."),
    ] = None,
) -> None:
    """Add an epoch with fresh keys, from a moment of event time that lies ahead.

    It lies ahead so that every worker has been restarted with the new file before the first batch
    of the new epoch comes: which epoch a batch belongs to must never depend on when it is read.

    Example: glasshouse keys rotate --from 2027-01-01
    """
    from dataclasses import replace
    from datetime import UTC

    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from events.clock import MS_PER_DAY, MS_PER_HOUR, SystemClock, to_datetime, to_ms
    from streams.keys import load_keys, new_epoch, save_keys

    now_ms = SystemClock().now_ms()
    ring = load_keys(settings.keys_path)
    from_ms = to_ms(start.replace(tzinfo=UTC)) if start else now_ms + MS_PER_DAY
    if from_ms < now_ms + MS_PER_HOUR or from_ms <= ring.epochs[-1].from_ms:
        raise InputError("--from must lie at least an hour ahead, and after the last epoch's start")
    epoch = new_epoch(ring.epochs[-1].epoch + 1, from_ms)
    with recorded(settings, Act.KEYS_ROTATE, detail=f"epoch {epoch.epoch}"):
        save_keys(replace(ring, epochs=(*ring.epochs, epoch)), settings.keys_path)
    err.print(
        f"epoch {epoch.epoch} starts at {to_datetime(from_ms).isoformat()}: "
        "restart every worker before then"
    )


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
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from streams.keys import load_keys
    from streams.sealing_keys import export, text_of

    sealing = load_keys(settings.keys_path).sealing.exported(longest + 1, for_registrar=registrar)
    with recorded(settings, Act.KEYS_PUBLIC, detail="registrar" if registrar else "producers"):
        if to is None:
            out.print(text_of(sealing), highlight=False, markup=False, soft_wrap=True)
            return
        export(sealing, to)
    err.print(f"made {to}: subjects are sealed to the key {sealing.public.id.hex()}")


def rotate_sealing(settings: Settings) -> None:
    """Add a key pair that subjects are sealed to. The older ones go on opening what was sealed.

    Restart every worker with the new file first; then export it to the producers.

    Example: glasshouse keys rotate-sealing
    """
    from dataclasses import replace

    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from streams.keys import load_keys, save_keys

    ring = load_keys(settings.keys_path, without_sealing=True)
    rotated = replace(ring, sealing=ring.sealing.rotated())
    meant = f"key {rotated.sealing.public.id.hex()}"
    with recorded(settings, Act.KEYS_ROTATE_SEALING, detail=meant):
        save_keys(rotated, settings.keys_path)
    err.print(
        f"subjects will be sealed to the key {rotated.sealing.public.id.hex()}: restart every "
        "worker, then export it with `glasshouse keys public`"
    )


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
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from events.batch import is_subject
    from events.purposes import GOVERNANCE, PURPOSES
    from streams.keys import load_keys
    from streams.one_secret import secret_of
    from streams.pseudonymise import pseudonym_of, subject_id

    if not is_subject(subject):
        raise InputError("the subject must be 1 to 128 bytes of UTF-8")
    ring = load_keys(settings.keys_path)
    epochs = ring.epochs if epoch is None else (ring.numbered(epoch),)
    purposes = (purpose,) if purpose else PURPOSES
    person = subject_id(ring.epochs[-1].keys[GOVERNANCE], subject)
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
