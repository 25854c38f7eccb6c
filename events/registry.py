"""A Confluent-compatible schema registry behind the codec's small interface."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import fastavro
import httpx

from events.codec import Codec
from events.errors import Retry
from events.schemas import AvroSchema, BundledSchema
from events.settings import Settings
from events.topics import TOPICS

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

_NOT_FOUND = 404
_SUBJECTS = {spec.schema: f"{spec.topic.value}-value" for spec in TOPICS}


@dataclass(slots=True)
class ConfluentRegistry:
    """Registers under ``<topic>-value`` (TopicNameStrategy). Lookups are cached by the client."""

    client: SchemaRegistryClient

    @staticmethod
    def at(url: str) -> ConfluentRegistry:
        from confluent_kafka.schema_registry import SchemaRegistryClient

        return ConfluentRegistry(SchemaRegistryClient({"url": url}))

    def id_of(self, schema: BundledSchema) -> int:
        from confluent_kafka.schema_registry import Schema
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return int(
                self.client.register_schema(_SUBJECTS[schema.name], Schema(schema.text, "AVRO"))
            )
        except (SchemaRegistryError, httpx.HTTPError, OSError) as error:
            raise Retry(f"schema registry did not register {schema.name}") from error

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            text = self.client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                return None
            raise Retry("schema registry did not answer a lookup") from error
        except (httpx.HTTPError, OSError) as error:
            raise Retry("schema registry cannot be reached") from error
        return _parsed(text)


def _parsed(text: str | None) -> AvroSchema | None:
    """The schema in ``text``; None where it is not one of Avro (Protobuf, JSON Schema, broken)."""
    try:
        parsed = fastavro.parse_schema(json.loads(text or "null"))
    except (fastavro.schema.SchemaParseException, KeyError, TypeError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None


def codec_for(settings: Settings) -> Codec:
    """The codec of these settings: with the schema registry they name, or without one."""
    url = settings.schema_registry_url
    return Codec(ConfluentRegistry.at(url) if url else None)
