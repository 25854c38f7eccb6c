"""Each file of the corpus still comes to its end, and messages too large for a file do, too."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from events.topics import SPEC, Topic
from tests.fuzz import seeds
from tests.fuzz.fuzzing import MOST_S
from tests.fuzz.targets import TARGETS

FOLDER = Path(__file__).parent / "corpus"
INDEX: dict[str, dict[str, str]] = tomllib.loads((FOLDER / "index.toml").read_text("utf-8"))
#: As many as a message of 1 MiB has room for.
_MANY = 500_000


@pytest.mark.parametrize("name", INDEX)
def test_a_file_of_the_corpus_ends_as_it_should(name: str) -> None:
    said = INDEX[name]
    assert TARGETS[said["target"]].run((FOLDER / f"{name}.bin").read_bytes()) == said["outcome"]


def test_every_file_has_a_description_and_every_description_a_file() -> None:
    assert {file.stem for file in FOLDER.glob("*.bin")} == INDEX.keys()
    assert all(said["what"] for said in INDEX.values())


@pytest.mark.parametrize(
    ("topic", "changed"),
    [
        (Topic.TRAINING, {"applications": ["a"] * _MANY}),
        (Topic.WINDOWS, {"teams": ["a"] * _MANY}),
        (Topic.DEAD_LETTERS, {"reason": ["a"] * _MANY}),
        (Topic.ACCOUNTING, {"redriven_offset": [1] * 450_000, "redriven_from": [0] * 450_000}),
        (Topic.ACCOUNTING, {"rejected": {str(number): b"" for number in range(120_000)}}),
    ],
)
def test_a_million_entries_take_no_longer_than_they_may(
    topic: Topic, changed: dict[str, Any]
) -> None:
    name = SPEC[topic].schema
    message = seeds.PLAIN.encode(name, {**seeds.records()[name][0], **changed})
    started_s = time.process_time()
    assert TARGETS[name].run(message) != "FAULT"
    # Of which the target itself takes more than half: it writes and reads again what it has read.
    assert time.process_time() - started_s < 3 * MOST_S
