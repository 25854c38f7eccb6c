"""The page can be read by a person, needs nothing from elsewhere, and takes no text for markup."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from deploy.pack.html import html
from deploy.subject.export import gather as gathering
from deploy.subject.export.case import Case
from deploy.subject.export.gather import Gathered, gather
from deploy.subject.export.page import page
from deploy.subject.export.records import Found, block_of
from deploy.subject.export.stores import LOOKS, Look
from events.meanings import MEANING
from events.outcomes import Withheld
from streams.key_ring import KeyEpoch
from tests.deploy.pack.test_pack import Page
from tests.deploy.subject.made import RING, case_of, person

EVIL = "<script>alert(1)</script> & <img src=http://elsewhere>"


def told(monkeypatch: pytest.MonkeyPatch, case: Case, **found: Found) -> tuple[Gathered, str]:
    """The page of a case whose stores hold ``found``, by names with _ in the place of a dot."""

    def look(name: str) -> Look:
        has = found.get(name.replace(".", "_"), Found(()))
        return lambda case, on_read: has

    monkeypatch.setattr(gathering, "LOOKS", {name: look(name) for name in LOOKS})
    asked: list[Any] = []
    monkeypatch.setattr(gathering, "queries", lambda case: asked)
    gathered = gather(case, io.BytesIO())
    return gathered, html(page(gathered))


def rows_of(count: int) -> Found:
    return Found(
        [block_of({"n": number, "what": EVIL} for number in range(count))],
        {"2026-11-20": count},
        note=EVIL,
    )


def test_it_parses_and_nothing_in_it_is_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    who = replace(person(), subject=EVIL)
    _, text = told(monkeypatch, case_of(None, who), training_interactions=rows_of(3))
    parsed = Page()
    parsed.feed(text)
    assert parsed.open == []
    names = {tag for tag, _ in parsed.tags}
    assert not {"script", "link", "img", "iframe", "form", "object"} & names
    for _, attributes in parsed.tags:
        assert not {"src", "onclick", "style", "action"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert "&lt;script&gt;" in text and "<script" not in text
    assert parsed.tags[0] == ("html", {"lang": "en"})


def test_it_says_how_much_there_is_and_shows_the_beginning_and_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathered, text = told(monkeypatch, case_of(None), training_interactions=rows_of(1_000))
    assert gathered.found and gathered.records == 1_000
    assert "training.interactions: 1,000 records" in text
    assert "All 1,000 are in export.json" in text
    shown = [number for number in range(1_000) if f'<th scope="row">{number}</th>' in text]
    assert shown == [*range(5), *range(995, 1_000)]


def test_it_says_why_events_did_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(None)
    case.outcomes["agent_training"]["withdrawn"] = 1_234
    _, text = told(monkeypatch, case)
    assert "1,234" in text and MEANING[Withheld.WITHDRAWN] in text


def test_it_says_what_was_not_looked_through_and_what_one_can_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, text = told(monkeypatch, case_of(None))
    for words in ("on the machines where people work", "withdraw your consent", "erased", "object"):
        assert words in text


def test_it_says_where_nothing_is_held_and_where_nobody_can_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = RING.epochs
    gone = replace(RING, epochs=(KeyEpoch(first.epoch, first.from_ms, {}), second))
    case = case_of(None, person(forgotten=True), ring=gone)
    gathered, text = told(monkeypatch, case)
    assert not gathered.found and "NOTHING is held under this name" in text
    assert "has no secret here" in text and "destroyed (epochs 1)" in text


def test_who_only_looked_for_somebody_is_not_held_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered, _ = told(monkeypatch, case_of(None), governance_audit_log=rows_of(1))
    assert gathered.records == 1 and not gathered.found
