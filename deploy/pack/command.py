"""The command `dpia`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from events.errors import InputError
from events.options import out, show_json, with_settings
from events.settings import KAFKA_ACCESS, POLICY_ACCESS, Settings

_FILES = ("glasshouse.md", "glasshouse.html")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    ours = (*POLICY_ACCESS, "key_file", "data_dir", "kafka_replicas", "clickhouse_url")
    app.command()(with_settings(*KAFKA_ACCESS, *ours)(dpia))


def dpia(
    settings: Settings,
    into: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")],
    organisation: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(metavar="FILE", help="TOML: name, contact, dpo, workers, authority, ..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write the data protection documents from the configuration in force: the record of
    processing, the facts for the impact assessment, the notice, the security measures.

    As Markdown and as one HTML file. Whatever is left out of the organisation's file is a marked
    gap. The same configuration gives the same bytes.

    Example: glasshouse dpia papers --organisation organisation.toml
    """
    from deploy.pack.blocks import BLANK
    from deploy.pack.document import pack
    from deploy.pack.facts import gather
    from deploy.pack.html import html
    from deploy.pack.markdown import markdown

    document = pack(gather(settings, organisation))
    texts = dict(zip(_FILES, (markdown(document), html(document)), strict=True))
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (into / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{into} cannot be written ({error.strerror})") from None
    gaps = texts[_FILES[0]].count(BLANK.partition("{")[0])
    if as_json:
        show_json({"files": [str(into / name) for name in _FILES], "gaps": gaps})
        return
    out.print(f"wrote {' and '.join(_FILES)} in {into}", highlight=False)
    if gaps:
        out.print(f"{gaps} gaps are left: name the organisation's file with --organisation")
