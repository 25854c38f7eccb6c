"""The figures of throughput in the documents are those of the file that the benchmark wrote;
without that file there are none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.marks import DOCUMENTS, EXAMPLES, filled
from benchmarks.throughput.documents import FIGURES, NAME, PICTURES, TABLES, parts, read_figures
from tests.benchmarks.results import result

RESULT = read_figures()


def marks_of(document: Path) -> list[str]:
    return re.findall(rf"<!-- {NAME}: (\w+) -->", document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_a_document_has_the_figures_of_the_result_or_none(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert filled(text, NAME, parts(RESULT)) == text


def test_every_part_has_its_mark_in_a_document() -> None:
    marked = [mark for document in DOCUMENTS for mark in marks_of(document)]
    assert sorted(marked) == sorted([*TABLES, "method", "pictures"])


def test_another_figure_would_show() -> None:
    text = DOCUMENTS[0].read_text(encoding="utf-8")
    assert filled(text, NAME, parts(result(123_456.0))) != text


def test_what_is_published_are_recorded_events_in_five_runs_or_more() -> None:
    if RESULT is None:
        assert not list(EXAMPLES.glob(f"{NAME}*"))
        return
    assert RESULT.title == "recorded events"
    assert len(RESULT.ours) >= 5
    assert RESULT.ours[0].events >= 20_000_000


def test_the_published_file_names_nobody_and_has_its_pictures() -> None:
    if RESULT is None:
        assert not FIGURES.exists()
        return
    text = FIGURES.read_text(encoding="utf-8")
    assert "user" not in text
    assert "session_" not in text
    for name in PICTURES:
        for theme in ("light", "dark"):
            file = EXAMPLES / f"{NAME}-{name}-{theme}.svg"
            assert "<svg" in file.read_text(encoding="utf-8")
