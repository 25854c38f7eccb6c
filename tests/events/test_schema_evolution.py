"""A version that is out stays as it is, and every version of a schema reads every other.

Old messages stay in Kafka as long as retention lasts, and old readers run during an upgrade; see
COMPATIBILITY in `deploy/register_schemas.py`, which has the registry hold the same.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Sequence
from copy import deepcopy
from itertools import permutations
from typing import Any

import fastavro
import pytest
from fastavro.utils import generate_many

from events.schemas import AvroSchema, as_reader, bundled

NAMES = sorted({schema.name for schema in bundled()})

#: SHA-256 of every file that is out. A change of one is no new version: write NAME.v<n+1>.avsc.
OUT = {
    "accounting.v1": "8f5d05c8cc0d7d1ca8117a114c20e9a2cd97daa7af9c363dbd949885c40cd335",
    "accounting.v2": "698788cf97406336d9625dc8d19c745cd00044af8dff8327cd8b0ffc311cc732",
    "accounting.v3": "811c5cdf4173eb6bc7b8635326c77fe2e9fe1d171aca3e3d250ab4836730db43",
    "consent_log.v1": "d21f07c444672d903356ba6c3f9f0aaa1fb6a02ffb11665016758f759435b920",
    "consent_log.v2": "fde9d7ee0eef9167bc0c981b6e88f601d11f3d8505dd9b2872af7cc6112194b0",
    "consent_record.v1": "0058b634129c185c1ad568fd25db66c14819a4c6e861d20303ec6269770b13a8",
    "consent_record.v2": "33f0d4bb56d8146ce5483387b06ce389dd6cdcef0f156c13d9de67a3f21a3e48",
    "dead_letters.v1": "472b2d83fe271be7f27a9e90a0f6b85e9fbfa1db69f2591277547d9d5919217f",
    "interaction_batch.v1": "a7f0b649c65505b3ebfabe0023c572b7b234b12b5cefbab4f554f36ec98f2a66",
    "interaction_batch.v2": "f951326fc9e8233ad7de9701bb8143f622f78a5bd3dfbf5760cc47af63ac88c9",
    "interaction_batch.v3": "e6aed1482394846ba22fdb9b01ca13eeaef4b6144ee047d0e831f2729aa2fe9b",
    "policy_version.v1": "b9f9d08008d778176562ceae31990b80bb5639ea1d9050380697688fa97e1d9a",
    "subject_secret.v1": "58b7be3457d51040de3f1faee1e271d4967a26a6b3d8e6853532cccce341113f",
    "training_rows.v1": "47fbce5c3035b31cf3300a9aac32b0d8d23a4f873bb793d1e5e6f7d40951bcb3",
    "window_partials.v1": "de4e579502538354f975ecb4061942195c24f08e3fad5674efc08beec9b84a4e",
}

#: Enough records that every branch of a union and every symbol of an enumeration occurs.
_RECORDS = 50


def fault(writer: AvroSchema, reader: AvroSchema) -> str:
    """Why ``reader`` cannot read what ``writer`` wrote; empty if it can. By trying."""
    if writer["name"] != reader["name"]:
        return f"another name: {writer['name']}"
    random.seed(0)
    for record in generate_many(writer, _RECORDS):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, writer, record)
        out.seek(0)
        try:
            read: Any = fastavro.schemaless_reader(out, writer, as_reader(reader))
        except (fastavro.read.SchemaResolutionError, ValueError) as error:
            return str(error)
        if read.keys() != {field["name"] for field in reader["fields"]}:
            return "fields are missing"
        if not fastavro.validate(read, reader, raise_errors=False):
            return "a value of another type"
    return ""


def faults(versions: Sequence[AvroSchema]) -> list[str]:
    """What keeps a version from reading another, earlier or later."""
    return [why for writer, reader in permutations(versions, 2) if (why := fault(writer, reader))]


@pytest.mark.parametrize("name", NAMES)
def test_every_version_reads_every_other(name: str) -> None:
    versions = [schema.parsed for schema in bundled() if schema.name == name]
    assert versions
    assert [fault(version, version) for version in versions] == [""] * len(versions)
    assert faults(versions) == []


def made_up(*fields: dict[str, Any], name: str = "MadeUp") -> AvroSchema:
    schema = {"type": "record", "name": name, "fields": [{"name": "a", "type": "int"}, *fields]}
    parsed = fastavro.parse_schema(deepcopy(schema), _force=True)
    assert isinstance(parsed, dict)
    return parsed


OPTIONAL = {"name": "b", "type": "string", "default": ""}
REQUIRED = {"name": "b", "type": "string"}
NUMBER = {"name": "b", "type": "int", "default": 0}
LARGE_NUMBER = {"name": "b", "type": "long", "default": 0}
TWO = {"name": "b", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"]}, "default": "X"}
THREE = {
    "name": "b",
    "type": {"type": "enum", "name": "E", "symbols": ["X", "Y", "Z"]},
    "default": "X",
}


@pytest.mark.parametrize(
    "versions",
    [
        (made_up(), made_up(REQUIRED)),
        (made_up(REQUIRED), made_up()),
        (made_up(), made_up(OPTIONAL), made_up(NUMBER)),
        (made_up(OPTIONAL), made_up(), made_up(NUMBER)),  # the neighbours alone are at peace
        (made_up(NUMBER), made_up(LARGE_NUMBER)),
        (made_up(TWO), made_up(THREE)),
        (made_up(), made_up(name="Other")),
    ],
    ids=[
        "a field more without a default",
        "a field less that had no default",
        "another type",
        "a name used again for another type",
        "a type that only the newer reads",
        "a symbol that the older does not know",
        "another name",
    ],
)
def test_a_change_that_a_reader_would_break_on_is_found(versions: Sequence[AvroSchema]) -> None:
    assert faults(versions)


@pytest.mark.parametrize(
    "versions",
    [
        (made_up(), made_up(OPTIONAL)),
        (made_up(OPTIONAL), made_up()),
        (made_up(), made_up(OPTIONAL), made_up(OPTIONAL, {**NUMBER, "name": "c"})),
    ],
    ids=["a field more with a default", "a field less that had one", "two steps"],
)
def test_fields_with_a_default_may_come_and_go(versions: Sequence[AvroSchema]) -> None:
    assert faults(versions) == []


def test_a_schema_that_is_out_is_never_changed() -> None:
    found = {
        f"{schema.name}.v{schema.version}": hashlib.sha256(schema.text.encode()).hexdigest()
        for schema in bundled()
    }
    assert found == OUT, "write a new version beside the old one, and its line into OUT"
