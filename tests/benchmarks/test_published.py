"""The figures in the documents are those of the file that the benchmark wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.marks import DOCUMENTS
from benchmarks.reidentification.documents import FIGURES, filled, parts, read_figures
from benchmarks.reidentification.granularity import GRANULARITIES
from benchmarks.reidentification.run import default_granularity

RESULT = read_figures()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_a_document_has_the_figures_of_the_result(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert filled(text, RESULT) == text


def test_every_table_of_the_result_stands_in_a_document() -> None:
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    assert [name for name, part in parts(RESULT).items() if part not in text] == []


def test_another_figure_would_show() -> None:
    text = DOCUMENTS[1].read_text(encoding="utf-8")
    other = json.loads(json.dumps(RESULT))
    other["settings"][0]["rows"]["a session"]["auc"][0] -= 0.2
    assert filled(text, other) != text


def test_it_was_run_for_every_setting_and_for_the_policy_as_it_is() -> None:
    found = [(setting["grid_px"], setting["tick_ms"]) for setting in RESULT["settings"]]
    assert found == [(each.grid_px, each.tick_ms) for each in GRANULARITIES]
    assert RESULT["method"]["policy_default"] == default_granularity().name
    assert RESULT["recordings"] == {"people": 10, "sessions": 65, "events": 2_253_816}


def test_the_file_names_nobody_of_the_recordings() -> None:
    text = FIGURES.read_text(encoding="utf-8")
    assert "user" not in text
    assert "session_" not in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_there_for_light_and_dark_pages(theme: str) -> None:
    name = f"reidentification-{theme}.svg"
    assert "<svg" in (FIGURES.parent / name).read_text(encoding="utf-8")
    assert f"deploy/examples/{name}" in DOCUMENTS[0].read_text(encoding="utf-8")
