"""Avro on the wire: Confluent framing with a schema registry, single-object encoding without.

    Confluent       00 | schema id, 4 bytes big-endian           | Avro body
    single object   C3 01 | CRC-64-AVRO fingerprint, 8 bytes LE  | Avro body   (Avro 1.11)

A reader takes both. The body is always read with the schema it was written with, and resolved to
the newest bundled version of that name where the two differ.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import fastavro

from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import AvroSchema, BundledSchema, bundled, fingerprint, newest

CONFLUENT_MAGIC = b"\x00"
SINGLE_OBJECT_MAGIC = b"\xc3\x01"

#: No sound message is larger: what the streams emit is split to stay below Kafka's default limit
#: of 1 MiB a message.
MAX_MESSAGE_BYTES = 1_048_576

#: No sound message to the streams is larger: a full batch has 41 kB of columns, a word of consent
#: less than 1 kB. A worker holds up to a thousand messages of each partition.
MAX_SOURCE_BYTES = 65_536
_SOURCES = ("interaction_batch", "consent_record", "subject_secret")


class Registry(Protocol):
    """What the codec needs of a schema registry."""

    def id_of(self, schema: BundledSchema) -> int:
        """Id under which ``schema`` is registered."""
        ...

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        """Parsed writer's schema for an id; None if the registry does not know it. Raises
        ``Retry`` when the registry cannot be reached: an outage is not the message's fault."""
        ...


@dataclass(slots=True)
class Codec:
    """Encodes and decodes records of the bundled schemas. ``registry`` decides the framing."""

    registry: Registry | None = None
    _by_fingerprint: dict[bytes, AvroSchema] = field(default_factory=dict)
    _by_id: dict[int, AvroSchema] = field(default_factory=dict)
    _prefix: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_fingerprint.update((schema.fingerprint, schema.parsed) for schema in bundled())

    def encode(self, name: str, record: Mapping[str, Any]) -> bytes:
        """``record`` as a framed message, written with the newest schema called ``name``."""
        out = io.BytesIO()
        out.write(self._prefix_of(name))
        fastavro.schemaless_writer(out, newest(name).parsed, record)
        return out.getvalue()

    def decode(self, name: str, message: bytes | None) -> dict[str, Any]:
        """The record in ``message``, in the shape of the newest schema called ``name``.

        Raises ``Reject`` (TOO_LARGE, UNKNOWN_SCHEMA, UNDECODABLE), never anything else for bad
        bytes; ``Retry`` if a registry is needed and away.
        """
        if not message:
            raise Reject(Rejected.UNDECODABLE)
        if len(message) > (MAX_SOURCE_BYTES if name in _SOURCES else MAX_MESSAGE_BYTES):
            raise Reject(Rejected.TOO_LARGE)
        writer, body_at = self.writer_of(message)
        ours = newest(name)
        if (
            writer.get("name") != ours.parsed["name"]
        ):  # a registry also holds schemas without a name
            raise Reject(Rejected.UNKNOWN_SCHEMA)
        body = io.BytesIO(message)
        body.seek(body_at)
        try:
            record = fastavro.schemaless_reader(
                body, writer, None if writer is ours.parsed else ours.reader
            )
        except Exception:  # fastavro raises many kinds for broken bytes; all mean the same here
            raise Reject(Rejected.UNDECODABLE) from None
        if not isinstance(record, dict) or body.tell() != len(message):
            raise Reject(Rejected.UNDECODABLE)
        return record

    def _prefix_of(self, name: str) -> bytes:
        if name not in self._prefix:
            schema = newest(name)
            if self.registry is None:
                self._prefix[name] = SINGLE_OBJECT_MAGIC + schema.fingerprint
            else:
                self._prefix[name] = CONFLUENT_MAGIC + struct.pack(
                    ">I", self.registry.id_of(schema)
                )
        return self._prefix[name]

    def writer_of(self, message: bytes) -> tuple[AvroSchema, int]:
        """The writer's schema and where the body starts. Raises ``Reject`` (UNDECODABLE,
        UNKNOWN_SCHEMA) and ``Retry``."""
        writer: AvroSchema | None = None
        if message.startswith(SINGLE_OBJECT_MAGIC) and len(message) >= 10:
            writer = self._by_fingerprint.get(message[2:10])
            body_at = 10
        elif message.startswith(CONFLUENT_MAGIC) and len(message) >= 5:
            writer = self._registered(struct.unpack_from(">I", message, 1)[0])
            body_at = 5
        else:
            raise Reject(Rejected.UNDECODABLE)
        if writer is None:
            raise Reject(Rejected.UNKNOWN_SCHEMA)
        return writer, body_at

    def _registered(self, schema_id: int) -> AvroSchema | None:
        if self.registry is None:
            return None
        if schema_id not in self._by_id:
            schema = self.registry.schema_of(schema_id)
            if schema is None:
                return None
            # The bundled object itself where it is the same schema: reading needs no resolution.
            self._by_id[schema_id] = self._by_fingerprint.get(fingerprint(schema), schema)
        return self._by_id[schema_id]
