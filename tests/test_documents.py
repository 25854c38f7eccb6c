"""README.md and DESIGN.md say what the code does: names, defaults, reasons, commands, files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
import typer.main

from events.meanings import MEANING
from events.outcomes import Rejected, Withheld
from glasshouse import app
from tests.documents import ROOT, metric_rows, name_rows, setting_rows

README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "DESIGN.md").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    group = typer.main.get_command(app)
    yield from group.commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", [*setting_rows(), *metric_rows()])
def test_every_setting_and_metric_stands_in_the_readme_as_it_is_in_the_code(row: str) -> None:
    assert row in README


@pytest.mark.parametrize("row", list(name_rows()))
def test_every_name_in_an_export_stands_in_the_readme_as_it_is_in_the_code(row: str) -> None:
    assert row in README


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"| `glasshouse {command}` |" in README


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"glasshouse ([a-z]+(?:-[a-z]+)*)\b(?!\.)", "\n".join(code_of(README))))
    assert named <= set(commands())


def code_of(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(
        r"`(glasshouse [^`]+)`", text
    )


@pytest.mark.parametrize("reason", [*Withheld, *Rejected])
def test_every_reason_is_explained_in_the_readme(reason: Withheld | Rejected) -> None:
    assert f"| `{reason.value}` | {MEANING[reason]} |" in README


@pytest.mark.parametrize("document", [README, DESIGN], ids=["README", "DESIGN"])
def test_every_file_a_document_names_exists(document: str) -> None:
    named = re.findall(r"`((?:\w+/)+[\w.-]+\.(?:py|toml|sql|avsc|yaml))`", document)
    assert named
    made = "deploy/secrets/"  # by deploy/secrets.sh, at each site
    missing = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in missing if not name.startswith(made)] == []


def faults(section: str = "Faults") -> list[str]:
    """The rows of DESIGN's table of faults, or of the table of each other ``section`` of a name."""
    parts = [part for part in DESIGN.split("\n## ") if re.match(rf"{section}\b", part)]
    tables = [[line for line in part.splitlines() if line.startswith("| ")] for part in parts]
    return [row for table in tables for row in table[1:]]


@pytest.mark.parametrize("section", ["Faults", "Requirements"])
def test_every_fault_and_requirement_in_the_design_names_a_test_that_is_there(section: str) -> None:
    assert faults(section)
    for row in faults(section):
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        for path, test in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{path}::{test}"


def test_the_table_of_faults_has_every_step_of_the_way() -> None:
    steps = " ".join(row.split("|")[1] for row in faults())
    for process, count in (("worker", 4), ("loader", 4)):
        assert [n for n in range(1, count + 1) if f"{process} {n}:" not in steps] == []


def test_every_make_target_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", README + DESIGN)) <= targets


def test_every_dependency_is_pinned_and_has_a_reason_in_the_design() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[=\[<>]", entry)[0] for entry in every]
    assert [entry for entry in every if "==" not in entry] == []
    table = DESIGN[DESIGN.index("## Dependencies") :]
    assert [name for name in names if name not in table] == []


def test_the_lock_file_names_no_registry_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index-url" not in lock
    requirements = [line for line in lock.splitlines() if "==" in line]
    assert len(requirements) > 50
    assert lock.count("--hash=sha256:") >= len(requirements)
