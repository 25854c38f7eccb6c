"""The schemas: a column keeps its meaning, and no field can hold content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from events.purposes import Purpose
from events.schemas import BundledSchema, bundled, newest
from events.topics import PURPOSE_TOPIC, SPEC, TOPICS, Topic

NAMES = sorted({schema.name for schema in bundled()})

#: Every field that can hold text, with what keeps content out of it.
TEXT_FIELDS = {
    "accounting.topic": "a name from the topics table",
    "accounting.topic_id": "given by Kafka",
    "accounting.policy_hash": "a SHA-256 in hex",
    "accounting.purpose": "a member of Purpose",
    "accounting.withheld": "keys of the map: members of Withheld",
    "accounting.rejected": "keys of the map: members of Rejected",
    "consent_log.topic_id": "given by Kafka",
    "consent_log.purpose": "members of Purpose",
    "consent_log.action": "members of ConsentAction",
    "consent_log.notice_version": "an identifier of at most 32 characters",
    "consent_log.notice_sha256": "SHA-256 of a text that everybody is shown, in hex",
    "consent_log.lawful_basis": "an identifier of at most 32 characters",
    "consent_log.actor_role": "members of ActorRole",
    "consent_log.actor_id": "at most 64 hexadecimal digits",
    "consent_log.jurisdiction": "codes of ISO 3166",
    "consent_log.who": "a salted SHA-256 in hex",
    "consent_log.previous": "a SHA-256 in hex",
    "consent_log.hash": "a SHA-256 in hex",
    "consent_record.subject": "empty; before version 2, the employer's identifier",
    "consent_record.person": "16 bytes: a keyed digest of the same; input only",
    "consent_record.purpose": "a member of Purpose",
    "consent_record.action": "a member of ConsentAction",
    "consent_record.notice_version": "an identifier of at most 32 characters",
    "consent_record.notice_sha256": "32 bytes: SHA-256 of a text that everybody is shown",
    "consent_record.lawful_basis": "an identifier of at most 32 characters",
    "consent_record.actor_role": "a member of ActorRole",
    "consent_record.actor_id": "at most 64 hexadecimal digits",
    "consent_record.jurisdiction": "a code of ISO 3166",
    "consent_record.previous": "32 bytes: a SHA-256",
    "consent_record.salt": "16 bytes; input only",
    "dead_letters.topic": "a name from the topics table",
    "dead_letters.topic_id": "given by Kafka",
    "dead_letters.reason": "members of Rejected",
    "interaction_batch.subject": "empty; before version 2, the employer's identifier",
    "interaction_batch.sealed_subject": "the same, padded and sealed; input only",
    "interaction_batch.team": "an identifier of at most 64 characters",
    "interaction_batch.application": "an identifier; leaves only if on the policy's allow-list",
    "interaction_batch.x_px": "empty; before version 3, numbers: refused beside steps",
    "interaction_batch.y_px": "empty; before version 3, numbers: refused beside steps",
    "subject_secret.sealed_secret": "random bytes and a time, sealed; input only",
    "policy_version.previous_sha256": "a SHA-256 in hex",
    "policy_version.policy": "the policy file, which is about nobody",
    "policy_version.signatures": "of a policy, by side",
    "training_rows.applications": "identifiers from the policy's allow-list, or `other`",
    "window_partials.teams": "identifiers of at most 64 characters",
    "window_partials.applications": "identifiers from the policy's allow-list, or `other`",
}
_NUMBERS = {"int", "long", "float", "double", "boolean", "null"}


def text_fields(schema: BundledSchema) -> Iterator[str]:
    """Fields that could hold text: strings, lists of them, maps, and bytes that are not a
    packed column."""
    for entry in schema.parsed["fields"]:
        kind = entry["type"]
        if "packed" in entry or (isinstance(kind, str) and kind in _NUMBERS):
            continue
        if isinstance(kind, dict) and kind["type"] == "array" and kind["items"] in _NUMBERS:
            continue
        if isinstance(kind, dict) and kind["type"] == "fixed":
            assert kind["size"] == 16, "only a UUID"
            continue
        yield f"{schema.name}.{entry['name']}"


def test_no_field_can_hold_text_but_those_with_a_reason() -> None:
    found = {name for schema in bundled() for name in text_fields(schema)}
    assert found == set(TEXT_FIELDS)


def test_the_output_of_a_purpose_has_no_field_of_an_identifier() -> None:
    for topic in PURPOSE_TOPIC.values():
        names = {entry["name"] for entry in newest(SPEC[topic].schema).parsed["fields"]}
        assert not names & {"subject", "batch_id", "offset", "topic", "partition"}


@pytest.mark.parametrize("name", NAMES)
def test_a_packed_column_keeps_its_type_and_group_in_every_version(name: str) -> None:
    versions = [schema for schema in bundled() if schema.name == name]
    assert [schema.version for schema in versions] == list(range(1, len(versions) + 1))
    for earlier, later in combinations(versions, 2):
        types = {column.name: column for column in later.packed}
        for column in earlier.packed:
            assert types.get(column.name, column) == column


def test_every_packed_column_is_little_endian_and_documented() -> None:
    for schema in bundled():
        for entry in schema.parsed["fields"]:
            assert entry["doc"].endswith("."), f"{schema.name}.{entry['name']} has no doc"
            if "packed" in entry:
                assert entry["packed"].startswith("<")
                assert entry["type"] == "bytes"


def test_fingerprints_tell_all_schemas_apart() -> None:
    assert len({schema.fingerprint for schema in bundled()}) == len(bundled())


def test_a_schema_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        newest("keystrokes")


def test_every_topic_has_one_row_and_a_schema_and_every_schema_a_topic() -> None:
    assert [spec.topic for spec in TOPICS] == list(Topic)
    assert {spec.schema for spec in TOPICS} == set(NAMES)


def test_every_purpose_has_one_topic_of_its_own() -> None:
    assert set(PURPOSE_TOPIC) == set(Purpose)
    assert len(set(PURPOSE_TOPIC.values())) == len(Purpose)
    assert all(
        SPEC[topic].partitioned and not SPEC[topic].compacted for topic in PURPOSE_TOPIC.values()
    )


def test_the_ledger_is_compacted_in_one_partition() -> None:
    assert [spec.topic for spec in TOPICS if spec.compacted] == [Topic.CONSENT, Topic.SECRETS]
    assert not SPEC[Topic.CONSENT].partitioned
