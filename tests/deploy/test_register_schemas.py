"""Provisioning a schema registry: what it asks for, and what it says when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import pytest

from deploy import register_schemas as registering
from deploy.register_schemas import COMPATIBILITY, register_schemas
from events.confluent import SchemaRegistryError
from events.errors import ServerMissing, Stop
from events.registry import subject_of
from events.schemas import bundled
from events.settings import Settings


@dataclass(slots=True)
class Written:
    """A registry that remembers what was asked of it; the first of ``errors`` are raised."""

    errors: list[Exception | None] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def set_compatibility(self, subject: str, level: str) -> None:
        self.asked.append((subject, level))

    def register_schema(self, subject: str, schema: Any) -> int:
        if self.errors and (error := self.errors.pop(0)):
            raise error
        self.asked.append((subject, schema.schema_str))
        return len(self.asked)


@pytest.fixture
def provision(monkeypatch: pytest.MonkeyPatch) -> Callable[[Written], int]:
    def run(written: Written) -> int:
        monkeypatch.setattr(registering, "client_for", lambda settings: written)
        monkeypatch.setattr(registering, "_POLL_S", 0.01)
        return register_schemas(Settings(schema_registry_url="http://x", server_timeout_s=0.2))

    return run


def test_each_subject_is_guarded_before_its_versions_are_registered_in_order(
    provision: Callable[[Written], int],
) -> None:
    written = Written()
    assert provision(written) == len(bundled())
    assert written.asked == [
        wanted
        for schema in bundled()
        for wanted in (
            (subject_of(schema.name), COMPATIBILITY),
            (subject_of(schema.name), schema.text),
        )
    ]


@pytest.mark.parametrize("status", [409, 422])
def test_a_refused_schema_is_named_with_its_subject_and_the_reason(
    status: int, provision: Callable[[Written], int]
) -> None:
    refusal = SchemaRegistryError(status, status, "field x is gone")
    with pytest.raises(Stop, match=r"accounting\.v1 for accounting-value: field x is gone"):
        provision(Written([refusal]))


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_who_may_not_write_is_told_which_setting_to_mend(
    status: int, provision: Callable[[Written], int]
) -> None:
    with pytest.raises(Stop, match=f"{status}.*GLASSHOUSE_SCHEMA_REGISTRY_USER"):
        provision(Written([SchemaRegistryError(status, -1, "no")]))


OUTAGES = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    ConnectionResetError(),
    SchemaRegistryError(503, -1, "soon"),
]


def test_a_registry_that_is_away_for_a_moment_is_asked_again(
    provision: Callable[[Written], int],
) -> None:
    written = Written([None, *OUTAGES])
    assert provision(written) == len(bundled())
    assert not written.errors


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_a_registry_that_stays_away_is_named_with_its_setting(
    error: Exception, provision: Callable[[Written], int]
) -> None:
    with pytest.raises(ServerMissing, match=r"http://x.*GLASSHOUSE_SCHEMA_REGISTRY_URL"):
        provision(Written([error] * 1_000))
