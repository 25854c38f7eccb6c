"""The result as tables: rows of text, for the terminal and for the documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.table import Table

Result = dict[str, Any]


def tables(result: Result) -> Iterator[Table]:
    """Every table of a result."""
    yield _identified(result, "rows", "Whose rows of training.interactions are these?")
    yield _risk_and_use(result)
    yield _partials(result)
    yield _links(result)
    yield _presence(result)
    yield _members(result)


def _identified(result: Result, attack: str, title: str) -> Table:
    pieces = ("1 action", "10 actions", "50 actions", "5 minutes", "a session")
    rows = [
        [
            setting["name"],
            *(_spread(setting[attack][piece]["auc"]) for piece in pieces),
            percent(setting[attack]["a session"]["eer"][0]),
            *(
                percent(setting[attack][piece]["top_1"][0])
                for piece in ("10 actions", "a session", "all under a pseudonym")
            ),
        ]
        for setting in result["settings"]
    ]
    columns = (
        "grid, tick",
        *(f"AUC, {piece}" for piece in pieces),
        "EER, a session",
        "top-1, 10 actions",
        "top-1, a session",
        "top-1, all sessions",
    )
    chance = percent(1 / result["recordings"]["people"])
    return Table(attack, title, columns, [*rows, ["chance", *["0.50"] * 5, "50 %", *[chance] * 3]])


def _risk_and_use(result: Result) -> Table:
    rows = []
    for setting in result["settings"]:
        use = setting["usefulness"]
        rows.append(
            [
                setting["name"],
                _spread(setting["rows"]["10 actions"]["auc"]),
                _spread(setting["motion"]["10 actions"]["auc"]),
                percent(setting["motion"]["a session"]["top_1"][0]),
                _spread(use["kind_f1"]),
                percent(use["kind_right"][0]),
                f"{use['place_px'][0]:.0f} px",
                percent(use["hits"][0]),
            ]
        )
    blind = result["settings"][0]["usefulness"]
    base = [
        "without the data",
        "0.50",
        "0.50",
        percent(1 / result["recordings"]["people"]),
        _spread(blind["kind_f1_blind"]),
        percent(blind["kind_right_blind"][0]),
        f"{blind['place_px_blind'][0]:.0f} px",
        "",
    ]
    columns = (
        "grid, tick",
        "AUC, 10 actions",
        "AUC by motion alone",
        "top-1, a session, by motion alone",
        "next kind, macro-F1",
        "next kind right",
        "next click off by (median)",
        "label hits a target of 24 px",
    )
    return Table("use", "Risk, and what the data is still good for", columns, [*rows, base])


def _partials(result: Result) -> Table:
    pieces = ("1 minute", "15 minutes", "a session")
    rows = [
        [
            setting["name"],
            *(_spread(setting["partials"][piece]["auc"]) for piece in pieces),
            *(percent(setting["partials"][piece]["top_1"][0]) for piece in pieces),
            percent(setting["partials"]["all under a pseudonym"]["top_1"][0]),
        ]
        for setting in result["settings"]
    ]
    columns = (
        "grid, tick",
        *(f"AUC, {piece}" for piece in pieces),
        *(f"top-1, {piece}" for piece in pieces),
        "top-1, all sessions",
    )
    return Table("partials", "Whose window partials are these?", columns, rows)


def _links(result: Result) -> Table:
    link = result["link"]
    rows = [[name, percent(found[0])] for name, found in link["top_1"].items()]
    rows.append(["chance", percent(1 / link["candidates"])])
    title = "Which pseudonym of team analytics is this session of agent training?"
    return Table("link", title, ("compared", f"found among {link['candidates']}"), rows)


def _presence(result: Result) -> Table:
    rows = [
        [people, _spread(found["auc"]), _spread(found["most"]), percent(found["shown"][0])]
        for people, found in result["reports"]["presence"].items()
    ]
    title = "Is this person in the team, from the team's sums by the minute?"
    columns = ("team of, and k", "AUC, mean", "AUC, the easiest person", "minutes shown")
    return Table("presence", title, columns, rows)


def _members(result: Result) -> Table:
    rows = [
        [f"{found['teams']} of {size}"]
        + [percent(found[name]) for name in ("shown", "right", "chance")]
        for size, found in result["reports"]["members"].items()
    ]
    title = "Whose team is whose, for who reads training rows and team reports?"
    return Table("members", title, ("teams", "minutes shown", "put right", "chance"), rows)


def _spread(value: Sequence[float]) -> str:
    """Mean and standard deviation over the splits."""
    return f"{value[0]:.2f} ± {value[1]:.2f}"


def percent(share: float) -> str:
    """A share as whole percent; less than one with one digit."""
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.01 else f"{100 * share:.1g} %"
