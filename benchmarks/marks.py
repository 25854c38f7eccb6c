"""Figures in README.md and DESIGN.md stand between marks, and are put there by a program:

<!-- NAME: PART --> ... <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "deploy" / "examples"
DOCUMENTS = (ROOT / "README.md", ROOT / "DESIGN.md")


def filled(document: str, name: str, parts: Mapping[str, str]) -> str:
    """``document`` with what belongs between the marks of ``name``. ``KeyError`` for a mark that
    has no part."""
    marked = re.compile(rf"(<!-- {name}: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return marked.sub(lambda mark: f"{mark[1]}\n{parts[mark[2]]}\n\n{mark[3]}", document)


def fill(name: str, parts: Mapping[str, str]) -> None:
    """Fill in all documents."""
    for file in DOCUMENTS:
        text = filled(file.read_text(encoding="utf-8"), name, parts)
        file.write_text(text, encoding="utf-8")
