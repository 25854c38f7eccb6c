"""The doctor finds each fault of a schema registry that is planted, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import httpx
import pytest

from deploy.doctor import registry as registry_checks
from deploy.doctor.registry import check_registry
from deploy.register_schemas import COMPATIBILITY
from events.confluent import SchemaRegistryError
from events.settings import Settings
from events.topics import TOPICS

Answer = Callable[[str], Any]
SUBJECT = "dead_letters-value"


def refuse(status: int) -> Answer:
    def answer(subject: str) -> Any:
        raise SchemaRegistryError(status, -1, "no")

    return answer


def is_away(subject: str) -> Any:
    raise httpx.ConnectError("refused")


@dataclass(slots=True)
class Planted:
    """A registry without a fault, but for the ``answers`` planted for one subject."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    writing: Answer = field(default_factory=lambda: refuse(401))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def lookup_schema(self, subject: str, schema: Any) -> Any:
        return self._answer("lookup", subject, SimpleNamespace(version=1))

    def get_latest_version(self, subject: str) -> Any:
        return self._answer("latest", subject, SimpleNamespace(version=1))

    def get_compatibility(self, subject: str) -> Any:
        return self._answer("level", subject, COMPATIBILITY)

    def delete_subject(self, subject: str) -> Any:
        return self.writing(subject)

    def _answer(self, question: str, subject: str, good: Any) -> Any:
        planted = self.answers.get(question) if subject == SUBJECT else None
        return planted(subject) if planted else good


def examined(monkeypatch: pytest.MonkeyPatch, planted: Planted) -> dict[str, tuple[str, str]]:
    """Found and remedy of each fault."""
    asked_as: list[str] = []

    def client_for(settings: Settings) -> Planted:
        asked_as.append(settings.schema_registry_user)
        return planted

    monkeypatch.setattr(registry_checks, "client_for", client_for)
    settings = Settings(schema_registry_url="http://127.0.0.1:9", schema_registry_user="ann")
    findings = list(check_registry(settings))
    assert asked_as == ["ann", ""]
    return {one.check: (one.found, one.remedy) for one in findings if not one.ok}


def test_a_registry_as_it_should_be_has_no_fault_and_every_subject_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert examined(monkeypatch, Planted()) == {}
    found = [one.check for one in check_registry(Settings(schema_registry_url="http://x"))]
    assert len(found) == 2 * len(TOPICS) + 1


@pytest.mark.parametrize(
    ("planted", "check", "found", "remedy"),
    [
        ({"lookup": refuse(404)}, "schema", "dead_letters.v1 is not there", "provision"),
        ({"lookup": refuse(401)}, "schema", "answers 401", "--schema-registry-user"),
        (
            {"latest": lambda subject: SimpleNamespace(version=2)},
            "schema",
            "version 2 is newer than ours, 1",
            "finish the upgrade",
        ),
        ({"level": lambda subject: "BACKWARD"}, "compatibility", "BACKWARD", "FULL_TRANSITIVE"),
        ({"level": lambda subject: "NONE"}, "compatibility", "NONE", "FULL_TRANSITIVE"),
        ({"level": refuse(404)}, "compatibility", "none (404)", "provision"),
    ],
)
def test_a_fault_of_one_subject_is_found(
    planted: Mapping[str, Answer],
    check: str,
    found: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = examined(monkeypatch, Planted(planted))
    assert list(faults) == [f"{check} {SUBJECT}"]
    told, said = faults[f"{check} {SUBJECT}"]
    assert told == found
    assert remedy in said


@pytest.mark.parametrize(
    ("writing", "found"),
    [
        (refuse(404), "everybody may write to it"),
        (lambda subject: [1], "everybody may write to it"),
        (refuse(500), "answers 500"),
    ],
)
def test_a_registry_that_anybody_may_write_to_is_found(
    writing: Answer, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = examined(monkeypatch, Planted(writing=writing))
    assert {check: told for check, (told, _) in faults.items()} == {"schema registry": found}


def test_a_registry_that_is_away_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = examined(monkeypatch, Planted({"lookup": is_away}))
    assert faults["schema registry"][0] == "no answer"
    assert len(faults) == 1
