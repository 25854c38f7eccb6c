"""What the commands refuse before they do anything, and how each is introduced."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.dead_letters.commands import register
from deploy.dead_letters.redrive_command import confirm
from events.errors import InputError
from events.outcomes import Rejected
from events.settings import Settings
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from tests.kit.agreed import agreed
from tests.sinks.made import refused
from tests.sinks.test_identity import insert

app = typer.Typer()
register(app)
app.command()(lambda: None)  # with a single command Typer would leave out its name
NOBODY = ("--kafka-servers", "127.0.0.1:9")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ("dead-letters", *words))


@pytest.mark.parametrize("command", ["list", "show", "redrive"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    said = run(command, "--help")
    assert said.exit_code == 0
    assert f"Example: glasshouse dead-letters {command}" in said.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((*NOBODY,), "name messages by PARTITION:OFFSET, or choose"),
        ((*NOBODY, "--partition", "1"), "name messages by PARTITION:OFFSET, or choose"),
        ((*NOBODY, "0:1", "--all"), "name messages by PARTITION:OFFSET, or choose"),
        ((*NOBODY, "0:1", "--reason", "undecodable"), "name messages by PARTITION:OFFSET, or"),
        ((*NOBODY, "0:1", "--since", "2026-11-01"), "go with --reason or --all"),
        ((*NOBODY, "0-1"), "two numbers"),
        (("--all",), "set --kafka-servers"),
    ],
)
def test_a_redrive_of_nothing_in_particular_is_refused(words: tuple[str, ...], text: str) -> None:
    done = run("redrive", *words)
    assert isinstance(done.exception, InputError)
    assert text in str(done.exception)


def test_where_nobody_can_be_asked_yes_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(InputError, match="say --yes"):
        confirm(7)


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_told_how_many_messages_it_is_about(
    answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(question: str, **how: bool) -> None:
        asked.append(question)
        if not answer:
            assert how["abort"]
            raise typer.Abort

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", ask)
    with nullcontext() if answer else pytest.raises(typer.Abort):
        confirm(7_000)
    assert asked == ["Publish up to 7,000 messages again?"]


def test_there_is_no_way_to_force_a_redrive() -> None:
    assert run("redrive", *NOBODY, "--all", "--force").exit_code == 2


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data directory with three dead letters."""
    where = tmp_path_factory.mktemp("books") / "data"
    settings = Settings(data_dir=where, **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
        insert(warehouse.client, [refused([3, 4], Rejected.UNDECODABLE)])
        insert(warehouse.client, [refused([9], Rejected.TOO_LARGE, 1)])
    return str(where)


@pytest.mark.service
def test_without_kafka_dead_letters_are_listed_and_their_place_is_unknown(books: str) -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in run("list", "--data-dir", books, "--json").stdout.splitlines()
    ]
    assert [(one["partition"], one["offset"], one["whereabouts"]) for one in lines] == [
        (0, 4, "unknown"),
        (0, 3, "unknown"),
        (1, 9, "unknown"),
    ]
    table = run("list", "--data-dir", books, "--reason", "too_large").stdout
    assert "1:9" in table
    assert "0:4" not in table
    assert "undecodable" in run("list", "--data-dir", books, "--summary").stdout


@pytest.mark.service
def test_a_letter_that_is_not_there_is_told(books: str) -> None:
    done = run("show", "0:5", "--data-dir", books)
    assert isinstance(done.exception, InputError)
    assert "no dead letter at 0:5" in str(done.exception)
    said = run("show", "0:4", "--data-dir", books).stdout
    assert "framing or Avro is broken" in said
    assert "--kafka-servers" in said


def test_a_data_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert run("list", "--data-dir", str(tmp_path / "nowhere")).exit_code == 1
    assert not (tmp_path / "nowhere").exists()
