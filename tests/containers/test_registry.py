"""A real registry refuses what would break a reader, and whoever has no password."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from deploy import register_schemas as registering
from deploy.doctor.registry import check_registry
from deploy.register_schemas import COMPATIBILITY, register_schemas
from events.confluent import Schema, SchemaRegistryClient, SchemaRegistryError
from events.errors import ServerMissing, Stop
from events.registry import client_for, codec_of, subject_of
from events.schemas import BundledSchema, bundled, newest
from tests.containers.apicurio_registry import ApicurioRegistry

pytestmark = [pytest.mark.service, pytest.mark.containers]

NAME = "accounting"
NEXT = newest(NAME).version + 1
OPTIONAL = {"name": "more", "type": "int", "default": 0}
REQUIRED = {"name": "more", "type": "int"}


@pytest.fixture
def client(registry: ApicurioRegistry) -> Iterator[SchemaRegistryClient]:
    with client_for(registry.settings()) as client:
        yield client


def with_field(field: dict[str, Any]) -> BundledSchema:
    """The next version of a schema, as if it were bundled."""
    schema = newest(NAME)
    text = json.loads(schema.text)
    text["fields"].append(field)
    return replace(schema, version=schema.version + 1, text=json.dumps(text))


@pytest.fixture
def subject(monkeypatch: pytest.MonkeyPatch) -> str:
    """A subject that nobody has used before, where provisioning would use the topic's."""
    made = f"test-{uuid4()}"
    monkeypatch.setattr(registering, "subject_of", lambda name: made)
    return made


def bundle(monkeypatch: pytest.MonkeyPatch, *schemas: BundledSchema) -> None:
    monkeypatch.setattr(registering, "bundled", lambda: schemas)


def test_every_subject_is_held_to_full_compatibility_and_has_every_version(
    client: SchemaRegistryClient,
) -> None:
    for schema in bundled():
        subject = subject_of(schema.name)
        assert str(client.get_compatibility(subject)) == COMPATIBILITY
        found = client.lookup_schema(subject, Schema(schema.text, "AVRO"))
        assert found.version == schema.version
        assert client.get_versions(subject) == list(range(1, newest(schema.name).version + 1))


def test_provisioning_again_changes_no_id(registry: ApicurioRegistry) -> None:
    everybody = registry.settings(schema_registry_user="")
    names = sorted({schema.name for schema in bundled()})

    def ids() -> list[bytes]:
        with codec_of(everybody) as codec:
            return [codec._prefix_of(name) for name in names]

    before = ids()
    assert register_schemas(registry.settings()) == len(bundled())
    assert ids() == before
    assert len(set(before)) == len(names)


def test_a_bundled_schema_that_would_break_a_reader_is_refused_and_named(
    registry: ApicurioRegistry,
    client: SchemaRegistryClient,
    subject: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle(monkeypatch, newest(NAME), with_field(REQUIRED))
    with pytest.raises(Stop, match=rf"refuses accounting\.v{NEXT} for {subject}: .*Incompatible"):
        register_schemas(registry.settings())
    assert client.get_versions(subject) == [1]


@pytest.mark.parametrize(
    "versions",
    [(newest(NAME), with_field(OPTIONAL)), (with_field(OPTIONAL), newest(NAME))],
    ids=["added", "removed"],
)
def test_a_field_with_a_default_may_come_and_go(
    versions: tuple[BundledSchema, ...],
    registry: ApicurioRegistry,
    client: SchemaRegistryClient,
    subject: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle(monkeypatch, *versions)
    register_schemas(registry.settings())
    assert client.get_versions(subject) == [1, 2]


def test_the_first_version_binds_the_third_though_the_second_lies_between(
    registry: ApicurioRegistry,
    client: SchemaRegistryClient,
    subject: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = {**OPTIONAL, "type": "string", "default": ""}
    bundle(monkeypatch, with_field(OPTIONAL), newest(NAME), with_field(text))
    with pytest.raises(Stop, match="refuses accounting"):
        register_schemas(registry.settings())
    assert client.get_versions(subject) == [1, 2]


@pytest.mark.parametrize(
    "wrong", [{"schema_registry_user": ""}, {"schema_registry_password": "a guess"}]
)
def test_whoever_has_no_password_registers_nothing(
    wrong: dict[str, str],
    registry: ApicurioRegistry,
    client: SchemaRegistryClient,
    subject: str,
) -> None:
    with pytest.raises(Stop, match="does not let this user write"):
        register_schemas(registry.settings(**wrong))
    with pytest.raises(SchemaRegistryError):
        client.get_versions(subject)


def test_a_schema_that_has_drifted_by_a_word_is_not_written_with(
    registry: ApicurioRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = newest(NAME)
    drifted = replace(schema, text=schema.text.replace('"packed": "<u4"', '"packed": "<u8"', 1))
    assert drifted.text != schema.text
    monkeypatch.setattr("events.codec.newest", lambda name: drifted)
    with (
        codec_of(registry.settings()) as codec,
        pytest.raises(Stop, match="run `glasshouse provision`"),
    ):
        codec.encode(NAME, {})


def test_a_registry_that_is_away_is_waited_for_and_then_named(registry: ApicurioRegistry) -> None:
    settings = registry.settings(server_timeout_s=1.0)
    with registry.away(), pytest.raises(ServerMissing, match="does not answer, for 1 s"):
        register_schemas(settings)


@pytest.fixture
def mended(registry: ApicurioRegistry) -> Iterator[ApicurioRegistry]:
    """The registry, provisioned again after the test has planted its fault."""
    yield registry
    register_schemas(registry.settings())


def faults(registry: ApicurioRegistry) -> dict[str, str]:
    findings = check_registry(registry.settings(schema_registry_user=""))
    return {finding.check: finding.found for finding in findings if not finding.ok}


def test_the_doctor_finds_nothing_wrong_with_a_registry_just_provisioned(
    registry: ApicurioRegistry,
) -> None:
    assert faults(registry) == {}


def test_the_doctor_finds_a_subject_that_would_take_anything(
    mended: ApicurioRegistry, client: SchemaRegistryClient
) -> None:
    client.set_compatibility(subject_of(NAME), "NONE")
    assert faults(mended) == {"compatibility accounting-value": "NONE"}


def test_the_doctor_finds_a_version_that_this_release_does_not_know(
    mended: ApicurioRegistry, client: SchemaRegistryClient
) -> None:
    subject = subject_of(NAME)
    client.register_schema(subject, Schema(with_field(OPTIONAL).text, "AVRO"))
    try:
        assert faults(mended) == {
            "schema accounting-value": f"version {NEXT} is newer than ours, {NEXT - 1}"
        }
    finally:
        client.delete_version(subject, NEXT)
        client.delete_version(subject, NEXT, permanent=True)


def test_the_doctor_finds_that_the_registry_is_away(registry: ApicurioRegistry) -> None:
    with registry.away():
        assert faults(registry) == {"schema registry": "no answer"}
