"""The pack of the demo configuration, checked in as an example: run this file to write it anew."""

from __future__ import annotations

from pathlib import Path

from deploy.pack.document import pack
from deploy.pack.facts import gather
from deploy.pack.html import html
from deploy.pack.markdown import markdown
from events.settings import Settings
from tests.documents import ROOT
from tests.kit.agreed import agreed

FOLDER = ROOT / "deploy/examples"


def demo() -> Settings:
    """The demo's settings, without a key file, under the example of a policy."""
    return Settings(data_dir=Path("/nowhere"), **agreed())


if __name__ == "__main__":
    document = pack(gather(demo()))
    (FOLDER / "glasshouse.md").write_text(markdown(document), encoding="utf-8")
    (FOLDER / "glasshouse.html").write_text(html(document), encoding="utf-8")
