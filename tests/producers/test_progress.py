"""What a person sees while a producer runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import producers.progress
from producers.progress import counted


@pytest.mark.parametrize(("spooled", "said"), [(1_234, True), (None, False)])
def test_a_terminal_shows_events_and_what_is_spooled(
    spooled: int | None, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=200)
    monkeypatch.setattr(producers.progress, "err", terminal)
    with counted("replaying", lambda: spooled) as progress:
        progress(5_000)
    assert "5,000 events" in shown.getvalue()
    assert ("1,234 batches spooled" in shown.getvalue()) is said


def test_nothing_is_shown_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(producers.progress, "err", Console(file=shown))
    with counted("replaying") as progress:
        progress(5_000)
    assert shown.getvalue() == ""
