"""Results as a table."""

from __future__ import annotations

import pytest

from events.options import show_table


def test_a_figure_that_is_not_shown_leaves_the_others_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_table("", ("team", "presses", "scrolls"), [("a", 12_345, None), ("b", None, None)])
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if "│" in line
    ]
    assert rows == [["a", "12,345", "-"], ["b", "-", "-"]]
