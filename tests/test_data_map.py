"""The data map names what exists, and nothing else; and says of it what the code does."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from deploy import stack
from deploy.kafka_rights import Principal, declared_rights
from events.clock import MS_PER_DAY
from events.data_map import STORES, Erasure, Kind, Person, Store, of_kind, store_of
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import GOVERNANCE, PURPOSES
from events.schemas import newest
from events.settings import Settings
from events.topics import KEEPS_ALL_MS, SPEC, TOPICS, Topic
from sinks import data_dir
from sinks.prepare import prepare
from sinks.rights import QUERY_LOG, ROLES, may
from sinks.warehouse import open_warehouse
from tests.documents import ROOT
from tests.kit.agreed import agreed
from tests.test_audited import commands

POLICY = load_policy(BUNDLED_POLICY)

#: Settings that name a file or folder, and no store: what is read only, and not of people.
READ_ONLY = {
    "kafka_ca_file": "certificates",
    "vault_ca_file": "certificates",
    "policy_dir": "the policy and what was signed",
    "employer_public_key": "a public key",
    "employees_public_key": "a public key",
}


def unknown(found: set[str], kind: Kind) -> set[str]:
    """What exists and is not on the map, or is on it and does not exist."""
    return found ^ of_kind(kind).keys()


def test_every_topic_is_on_the_map_and_every_topic_of_the_map_exists() -> None:
    assert unknown({spec.topic.value for spec in TOPICS}, Kind.TOPIC) == set()
    assert unknown({*(spec.topic.value for spec in TOPICS), "keystrokes"}, Kind.TOPIC)
    assert unknown({spec.topic.value for spec in TOPICS[1:]}, Kind.TOPIC)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the engine has after ``migrate``: by name (is it a view?, how it was made)."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("map") / "data", **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
        found = warehouse.client.query(
            "SELECT database || '.' || name, engine = 'View', engine_full FROM system.tables "
            "WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') "
            "AND NOT startsWith(name, '.inner')"
        ).result_rows
    yield {row[0]: row[1:] for row in found}


@pytest.mark.service
@pytest.mark.parametrize(("kind", "is_view"), [(Kind.TABLE, 0), (Kind.VIEW, 1)])
def test_every_table_and_view_is_on_the_map_and_all_of_the_map_exist(
    engines: dict[str, Any], kind: Kind, is_view: int
) -> None:
    found = {name for name, (view, _) in engines.items() if view == is_view}
    assert unknown(found, kind) == set()
    assert unknown({*found, "training.extra"}, kind)


@pytest.mark.service
def test_rows_expire_when_the_map_says_and_no_others_do(engines: dict[str, Any]) -> None:
    for name, store in of_kind(Kind.TABLE).items():
        found = re.search(r" TTL .*toIntervalDay\((\d+)\)", engines[name][1])
        assert (int(found[1]) if found else None) == store.retention.days_under(POLICY), name


@pytest.mark.parametrize("spec", TOPICS, ids=lambda spec: spec.topic.value)
def test_a_topic_is_kept_as_long_as_the_map_says(spec: Any) -> None:
    days = store_of(spec.topic.value).retention.days
    has_no_end = spec.compacted or spec.retention_ms == KEEPS_ALL_MS
    assert (None if has_no_end else spec.retention_ms / MS_PER_DAY) == days


def columns(store: Store) -> set[str]:
    """The names that a topic's schema has."""
    schema = newest(SPEC[Topic(store.name)].schema).parsed
    return {entry["name"] for entry in schema["fields"]}


@pytest.mark.parametrize("store", of_kind(Kind.TOPIC).values(), ids=lambda store: store.name)
def test_a_topic_with_a_subject_or_a_pseudonym_says_so(store: Store) -> None:
    names = columns(store)
    is_sealed = bool({"sealed_subject", "sealed_secret", "person"} & names)
    assert is_sealed == (Person.SEALED in store.people)
    assert ("subject" in names and not is_sealed) == (Person.NAMED in store.people)
    pseudonyms = {Person.PURPOSE, Person.GOVERNANCE} & {*store.people}
    assert ("pseudonym" in names) == bool(pseudonyms)


@pytest.mark.service
def test_a_table_with_a_pseudonym_says_so_and_how_it_is_erased(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
        found = warehouse.client.query(
            "SELECT DISTINCT database || '.' || table FROM system.columns "
            "WHERE name IN ('pseudonym', 'person', 'subject') AND database != 'system'"
        ).result_rows
    personal = {row[0] for row in found}
    pseudonymous = {Person.PURPOSE, Person.GOVERNANCE, Person.NAMED}
    assert personal == {s.name for s in _tables() if pseudonymous & {*s.people}}
    for store in map(store_of, personal):
        assert store.erasure in (Erasure.DELETE, Erasure.STAYS)
        is_proof = store.purpose == GOVERNANCE or store.name.endswith(".erased_people")
        assert (store.erasure is Erasure.STAYS) == is_proof, store.name


def _tables() -> list[Store]:
    return [*of_kind(Kind.TABLE).values()]


def test_readers_are_those_who_have_the_right_to_read() -> None:
    for store in [*_tables(), *of_kind(Kind.VIEW).values()]:
        assert set(store.readers) == {r for r in ROLES if may(r, "SELECT", store.name)}, store.name
    rights = declared_rights(Settings())
    for name, store in of_kind(Kind.TOPIC).items():
        readers = {r.principal for r in rights if (r.name, r.operation) == (name, "READ")}
        assert set(store.readers) == readers <= {*Principal}


def test_a_purpose_has_its_own_stores_and_what_is_kept_without_end_has_a_reason() -> None:
    names = {purpose.value for purpose in PURPOSES} | {GOVERNANCE, "every purpose"}
    assert {store.purpose for store in STORES} == names
    assert len({store.name for store in STORES}) == len(STORES)
    for store in STORES:
        assert len(store.retention.reason) > 20, store.name
        assert store.is_personal == (store.erasure is not Erasure.NONE) or store.name in (
            "governance.queries",
            *of_kind(Kind.VIEW),
        )


def test_every_file_that_a_setting_names_is_on_the_map_and_every_setting_of_the_map_exists() -> (
    None
):
    paths = {
        name
        for name, field in Settings.model_fields.items()
        if Path in (field.annotation, *get_args(field.annotation))
    }
    stores = {store.setting for store in of_kind(Kind.FILE).values() if store.setting}
    assert paths - READ_ONLY.keys() == stores
    assert READ_ONLY.keys() <= paths


#: Options that name a file or folder, and what it is.
FILE_OPTIONS = {
    "migrate passwords": "deploy/secrets",
    "provision passwords": "deploy/secrets",
    "audit verify heads": "heads of the chains",
    "audit verify save_heads": "heads of the chains",
    "audit collect log": "audit.jsonl",
    "broker log_file": "logs",
    "consent acknowledge from_file": None,  # read, and kept nowhere
    "consent grant from_file": None,
    "consent object from_file": None,
    "consent withdraw from_file": None,
    "consent pause from_file": None,
    "consent resume from_file": None,
    "demo balabit": None,
    "demo ducktrack": None,
    "replay path": None,
    "dpia into": None,  # what is configured, nothing of people
    "dpia organisation": None,
    "keys public to": "sealing file",
    "subject export into": "export of a person",
    "policy diff against": None,  # rules, which are about nobody
    "policy diff draft": None,
    "policy keygen password_file": None,  # read, and kept nowhere
    "policy keygen path": "signing keys",
    "policy rehearse draft": None,
    "policy rehearse folder": "signing keys",
    "subject erase from_file": None,  # read, and kept nowhere
    "subject erase receipts": "receipts",
    "subject verify receipt": "receipts",
    "subject verify public_key": None,
    "policy sign draft": None,
    "policy sign password_file": None,
    "policy sign private_key": "signing keys",
}


def file_options() -> Iterator[str]:
    """Every option or argument of a command, but settings, that is a path."""
    for name, callback in commands():
        for option, parameter in inspect.signature(callback, eval_str=True).parameters.items():
            if "Path" in str(parameter.annotation):
                yield f"{name} {option}"


def test_every_option_that_names_a_file_is_known_and_what_it_writes_is_on_the_map() -> None:
    found = set(file_options())
    assert found == FILE_OPTIONS.keys()
    assert {store for store in FILE_OPTIONS.values() if store} <= of_kind(Kind.FILE).keys()


@pytest.mark.service
def test_a_data_directory_holds_nothing_but_what_is_on_the_map(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings(data_dir=folder, **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
    found = {entry.name for entry in folder.iterdir()}
    the_tables = {data_dir._TABLES, data_dir._SCRATCH, data_dir._LOCK, data_dir._MARK}
    assert found <= the_tables, "the data directory of the map, and its mark and lock"
    own = {settings.keys_path.name, settings.audit_path.name, stack._LOG_DIR}
    assert own <= of_kind(Kind.FILE).keys()


def test_what_the_map_says_of_servers_and_scripts_is_there() -> None:
    assert QUERY_LOG in " ".join(of_kind(Kind.SERVER))
    assert (ROOT / "deploy/backup.sh").exists()
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    days = store_of("Prometheus").retention.days
    assert f"PROMETHEUS_RETENTION:-{days}d" in compose


def test_the_spool_is_kept_no_longer_than_the_raw_topic() -> None:
    assert store_of("spool").retention.days == SPEC[Topic.RAW].retention_ms // MS_PER_DAY
    assert replace(store_of("spool"), people=(Person.NOBODY,)).is_personal is False
