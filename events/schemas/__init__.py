"""The bundled Avro schemas, by name and version, and the layout of their packed columns.

Files are ``<name>.v<n>.avsc``. The newest version of a name is what is written, and the reader's
schema; all versions can be read. A packed column's type is part of its name's meaning: it never
changes (Avro's fingerprint leaves custom attributes out); a new type is a new field. A column that
is no longer written stays as ``bytes`` that are empty, so that what was written before is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro
import numpy as np

AvroSchema = dict[str, Any]
_FILE_NAME = re.compile(r"(?P<name>[a-z_]+)\.v(?P<version>\d+)\.avsc")


@dataclass(frozen=True, slots=True)
class PackedColumn:
    """A ``bytes`` field that holds one ``dtype`` value for each row of ``group``."""

    name: str
    dtype: np.dtype[Any]
    group: str


@dataclass(frozen=True, slots=True)
class BundledSchema:
    """``parsed`` is fastavro's form, and ``reader`` the same for what other versions wrote;
    ``fingerprint`` is CRC-64-AVRO, 8 bytes little-endian."""

    name: str
    version: int
    text: str
    parsed: AvroSchema
    reader: AvroSchema
    fingerprint: bytes
    packed: tuple[PackedColumn, ...]


def packed_columns(schema: AvroSchema) -> tuple[PackedColumn, ...]:
    """The packed columns a schema declares, in the order of its fields."""
    return tuple(
        PackedColumn(field["name"], np.dtype(field["packed"]), field["rows"])
        for field in schema["fields"]
        if "packed" in field
    )


def as_reader(parsed: AvroSchema) -> AvroSchema:
    """``parsed`` for reading what another version wrote. JSON has a default of bytes as text, one
    character a byte (Avro 1.11, "Complex types"), and fastavro hands out a default as it stands."""
    fields = [
        {**field, "default": field["default"].encode("latin-1")}
        if field["type"] == "bytes" and "default" in field
        else field
        for field in parsed["fields"]
    ]
    return {**parsed, "fields": fields}


def fingerprint(schema: AvroSchema) -> bytes:
    """CRC-64-AVRO of the schema's canonical form, as it stands on the wire (Avro 1.11, "Single
    object encoding": 8 bytes, little-endian)."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


@cache
def bundled() -> tuple[BundledSchema, ...]:
    """Every schema in this package, newest version of each name last."""
    found = []
    for entry in files(__name__).iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if not match:
            continue
        text = entry.read_text(encoding="utf-8")
        schema = json.loads(text)
        parsed = fastavro.parse_schema(schema)
        assert isinstance(parsed, dict)
        found.append(
            BundledSchema(
                name=match["name"],
                version=int(match["version"]),
                text=text,
                parsed=parsed,
                reader=as_reader(parsed),
                fingerprint=fingerprint(parsed),
                packed=packed_columns(schema),
            )
        )
    return tuple(sorted(found, key=lambda schema: (schema.name, schema.version)))


@cache
def newest(name: str) -> BundledSchema:
    """The version of ``name`` that is written; KeyError if there is none."""
    versions = [schema for schema in bundled() if schema.name == name]
    if not versions:
        raise KeyError(name)
    return versions[-1]


@cache
def of_version(name: str, version: int) -> BundledSchema:
    """That version of ``name``, as earlier programs wrote it; KeyError if there is none."""
    for schema in bundled():
        if (schema.name, schema.version) == (name, version):
            return schema
    raise KeyError(name, version)
