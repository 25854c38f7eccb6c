"""Puts the figures of a result into README.md and DESIGN.md, between their marks.

python -m benchmarks.reidentification.documents
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks import marks
from benchmarks.marks import EXAMPLES
from benchmarks.reidentification.show import percent, tables

NAME = "reidentification"
FIGURES = EXAMPLES / f"{NAME}.json"


def read_figures() -> dict[str, Any]:
    """The result that is published with the project."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def parts(result: dict[str, Any]) -> dict[str, str]:
    """The text of each mark: the tables by their names, and what the README says."""
    found = {table.name: table.markdown() for table in tables(result)}
    return {**found, "method": _method(result), "short": _short(result)}


def filled(document: str, result: dict[str, Any]) -> str:
    """``document`` with what belongs between its marks. ``KeyError`` for a mark nobody knows."""
    return marks.filled(document, NAME, parts(result))


def _method(result: dict[str, Any]) -> str:
    seen, method, machine = result["recordings"], result["method"], result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"{seen['people']} people, {seen['sessions']} sessions, {seen['events']:,} events. "
        f"{method['splits']}; figures are mean ± standard deviation over them. Learner: "
        f"{method['learner']}. {versions}; {machine['cores']} cores, {machine['architecture']}."
    )


def _short(result: dict[str, Any]) -> str:
    """The figures for those who decide, at the policy's setting and at the coarsest."""
    default = _setting(result, result["method"]["policy_default"])
    raw, coarsest = result["settings"][0], result["settings"][-1]
    rows = [
        [name, *(percent(each["rows"][piece]["top_1"][0]) for each in (raw, default, coarsest))]
        for name, piece in (
            ("10 pointer actions, some seconds", "10 actions"),
            ("5 minutes", "5 minutes"),
            ("a session", "a session"),
            ("all sessions under one pseudonym", "all under a pseudonym"),
        )
    ]
    chance = percent(1 / result["recordings"]["people"])
    head = ["the right one of ten people is named, from", "raw", default["name"], coarsest["name"]]
    lines = [head, ["---"] * 4, *rows, ["by chance", *[chance] * 3]]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _setting(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(setting for setting in result["settings"] if setting["name"] == name)


if __name__ == "__main__":
    marks.fill(NAME, parts(read_figures()))
