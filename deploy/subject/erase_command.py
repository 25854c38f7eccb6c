"""The commands `subject erase` and `subject verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, KEY_ACCESS, REGISTRY_ACCESS, Settings

if TYPE_CHECKING:
    from deploy.subject.person import Person
    from deploy.subject.receipt import Receipt

_Subjects = Annotated[
    Optional[list[str]],  # noqa: UP045 (Typer reads it at run time)
    typer.Argument(metavar="SUBJECT...", help="Whom to erase: the employer's identifiers."),
]
_File = Optional[Path]  # noqa: UP045
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]

_ACCESS = (
    *KAFKA_ACCESS,
    *REGISTRY_ACCESS,
    *KEY_ACCESS,
    "group_prefix",
    "clickhouse_url",
    "clickhouse_cluster",
    "clickhouse_user",
)
_EXIT_NOT_ALL = 1
_SIGNING_KEY = "receipts.key"


def register(group: typer.Typer) -> None:
    """Add the commands to ``group``."""
    group.command("erase")(with_settings(*_ACCESS)(erase))
    group.command("verify")(verify)


def erase(
    *,
    settings: Settings,
    subjects: _Subjects = None,
    from_file: Annotated[_File, typer.Option(help="A file with one more subject a line.")] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Nobody new: all on the list, after a backup was restored."),
    ] = False,
    receipts: Annotated[
        _File,
        typer.Option(
            metavar="FOLDER",
            help="Where receipts, their signing key and the list of erasures are: keep it apart "
            "from the data and its backups. Default: receipts in data_dir.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Erase people from every store, for good, and sign a receipt for each (GDPR Art. 17).

    Nothing more of them comes in, by whatever way; their rows are deleted and the command waits
    until no active part holds them; their secrets and words are taken out of Kafka. All that are
    named together take one mutation a table. If it is interrupted, run it again: it goes on.

    Exit status 1 where somebody has no secret: never enrolled, or erased before.

    Example: glasshouse subject erase alice --yes
    """
    from events.errors import Retry, ServerMissing

    folder = receipts or settings.data_dir / "receipts"
    named = [] if again else _named(subjects, from_file)
    if not (yes or again):
        typer.confirm(f"Erase {len(named)} of your people for good? Nobody can undo it", abort=True)
    try:
        if again:
            _erase_again(settings, folder, as_json)
        else:
            _erase(settings, named, folder, as_json)
    except Retry as error:
        raise ServerMissing(f"{error}. Run the same command again: it goes on") from None


def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt's file.")],
    public_key: Annotated[
        Path, typer.Option(metavar="FILE", help="Who erases, as published: receipts.key.pub.")
    ],
    subject: Annotated[str, typer.Option(help="Also check that it is about this person.")] = "",
    as_json: _Json = False,
) -> None:
    """Check a receipt of an erasure, anywhere: it takes no server and no secret.

    Exit status 1 if it was not signed by that key, was changed, or is about somebody else.

    Example: glasshouse subject verify receipt.json --public-key receipts.key.pub
    """
    from deploy.subject.receipt import read_public_key, read_receipt

    found = read_receipt(receipt)
    signed = found.is_signed_by(read_public_key(public_key))
    about = found.is_about(subject) if subject else None
    if as_json:
        show_json({"signed": signed, "about_the_person": about, "statement": found.said})
    elif signed:
        _show(found)
    if not signed:
        err.print(f"{receipt}: not signed by that key, or changed since")
    elif about is False:
        err.print(f"{receipt}: signed, but about somebody else, or its salt was taken away")
    raise typer.Exit(_EXIT_NOT_ALL if not signed or about is False else 0)


def _named(subjects: list[str] | None, from_file: Path | None) -> list[str]:
    try:
        lines = from_file.read_text(encoding="utf-8").splitlines() if from_file else []
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{from_file}: is not a readable file of UTF-8 text") from None
    named = [*(subjects or ()), *(line.strip() for line in lines if line.strip())]
    if not named:
        raise InputError("nobody is named: give one SUBJECT or more, or --from-file")
    return list(dict.fromkeys(named))


def _erase(settings: Settings, named: list[str], folder: Path, as_json: bool) -> None:
    from deploy.policy.key_pair import make_key_pair, read_private_key
    from deploy.policy.passwords import asked_password
    from deploy.subject.open_eraser import open_eraser
    from deploy.subject.person import persons
    from streams.keys import load_ring

    ring = load_ring(settings)
    people = persons(named, settings, ring)
    known = [each for each in people if each.secret is not None]
    about = known[0].in_the_audit_log if len(known) == 1 else 0
    with recorded(settings, Act.SUBJECT_ERASE, person=about, detail=f"{len(known)} people") as act:
        if known:
            key_file = folder / _SIGNING_KEY
            if not key_file.exists():
                err.print(f"made {key_file}; publish {make_key_pair(key_file, None)}")
            key = read_private_key(key_file, lambda: asked_password(key_file))
            with open_eraser(settings, ring, folder, _say) as eraser:
                made = eraser.erase(known, key)
            files = _write(folder, known, made)
            act.rows = sum(_rows(each) for each in made)
            _tell(made, files, as_json)
    if len(known) < len(people):
        err.print(
            f"{len(people) - len(known)} of {len(people)} have no secret: never enrolled, or "
            "erased before; nobody can tell whose their rows would be"
        )
        raise typer.Exit(_EXIT_NOT_ALL)


def _erase_again(settings: Settings, folder: Path, as_json: bool) -> None:
    from deploy.subject.open_eraser import open_eraser
    from streams.keys import load_ring

    with recorded(settings, Act.SUBJECT_ERASE, detail="again, all on the list") as act:
        with open_eraser(settings, load_ring(settings), folder, _say) as eraser:
            back = eraser.again()
        act.rows = sum(back.values())
    if as_json:
        show_json({"rows_that_were_back": back})
    else:
        show_table("Erased again", ("table", "rows that were back"), list(back.items()))


def _say(text: str) -> None:
    err.print(text, highlight=False)


def _write(folder: Path, people: list[Person], made: list[Receipt]) -> list[Path]:
    from events.whole_file import write_whole

    files = []
    for person, receipt in zip(people, made, strict=True):
        # By a digest that tells nothing without the key; the person gets the file.
        path = folder / f"{receipt.said['erasure']}-{person.digest.hex()[:16]}.json"
        write_whole(path, receipt.to_json(), 0o600, replace=True)
        files.append(path)
    return files


def _rows(receipt: Receipt) -> int:
    return sum(
        each["before"]
        for each in receipt.said["stores"]
        if each["kind"] == "table" and "before" in each
    )


def _tell(made: list[Receipt], files: list[Path], as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "people": len(made),
                "rows": sum(_rows(each) for each in made),
                "mutations": made[0].said["mutations"],
                "receipts": [str(each) for each in files],
            }
        )
    elif len(made) == 1:
        _show(made[0])
        err.print(f"receipt: {files[0]}", highlight=False)
    else:
        rows = sum(_rows(each) for each in made)
        err.print(f"{len(made)} people erased, {rows:,} rows; receipts in {files[0].parent}")


def _show(receipt: Receipt) -> None:
    said = receipt.said
    rows = [
        (each["store"], each["how"], each.get("before", ""), each.get("after", ""), _rest(each))
        for each in said["stores"]
    ]
    title = f"Erasure {said['erasure']}, {said['began']} to {said['ended']}"
    show_table(title, ("store", "how", "before", "after", "what is left"), rows)


def _rest(entry: dict[str, Any]) -> str:
    return str(entry.get("why") or (f"gone by {entry['gone_by']}" if "gone_by" in entry else ""))
